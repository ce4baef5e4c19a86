import type { EventData, EventType, StoredEvent } from '#libs/events';
import { ProxyFailures } from './proxy-failures.js';

let seq = 0;
const event = <T extends EventType>(type: T, data: Partial<EventData<T>>): StoredEvent => {
  const at = { seq: ++seq, storedAt: seq, id: `e${seq}`, jobId: '0-abcdefgh', time: '' };
  return { ...at, type, data: data as EventData<T> } as StoredEvent;
};
const failed = (over: Partial<EventData<'FetchRetried'>> = {}): StoredEvent =>
  event('FetchRetried', {
    url: `http://site.test/${seq}`,
    run: 1,
    burned: false,
    code: 'proxy_auth',
    ...over,
  });

describe('ProxyFailures', () => {
  const counted = (...events: StoredEvent[]): number => {
    const failures = new ProxyFailures();
    for (const one of events) failures.apply(one);
    let tolerance = 0;
    while (failures.beyond(tolerance)) tolerance++;
    return tolerance;
  };

  it('counts failures in a row, and names the last', () => {
    const failures = new ProxyFailures();
    for (const one of [failed(), failed(), failed({ url: 'http://site.test/last' })]) failures.apply(one);
    expect(failures.beyond(3)).toBeNull();
    expect(failures.beyond(2)).toMatchObject({ url: 'http://site.test/last', code: 'proxy_auth' });
  });

  it.each([
    ['a page that came', event('PageFetched', {})],
    ['a page that failed by itself', event('FetchFailed', {})],
    ["a retry for the target's sake", failed({ burned: true, code: 'http_5xx' })],
    ['a new run', event('JobResumed', { run: 2 })],
    ['a new generation', event('JobRestarted', { run: 2, generation: 2 })],
  ])('begins anew after %s', (_, between) => {
    expect(counted(failed(), failed(), between)).toBe(0);
  });

  it('counts nothing of an older run, and lets a skipped page pass', () => {
    expect(counted(event('JobResumed', { run: 2 }), failed({ run: 1 }))).toBe(0);
    expect(counted(failed(), event('PageSkipped', {}), failed())).toBe(2);
  });
});
