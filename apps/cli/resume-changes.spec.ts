import { resolvedJobSpec } from '#libs/events';
import { resolveChanges } from '#libs/job';
import { changesFrom } from './resume-changes.js';

const spec = resolvedJobSpec.parse({ proxy: { url: { env: 'SPOOR_PROXY_URL' }, country: 'SE' } });
const changes = (...pairs: string[]) => resolveChanges(changesFrom(pairs, spec));

describe('--set', () => {
  test('names one field after another, as JSON or as text', () => {
    expect(changes('politeness.perHost=1', 'politeness.robots=obey', 'scope.maxPages=20')).toEqual({
      politeness: { perHost: 1, robots: 'obey' },
      scope: { maxPages: 20 },
    });
  });

  test('of a part of the proxy keeps the rest of it', () => {
    expect(changes('proxy.session=sticky').proxy).toMatchObject({
      url: { env: 'SPOOR_PROXY_URL' },
      country: 'SE',
      session: 'sticky',
    });
    expect(changes('proxy.url.env=OTHER_PROXY').proxy).toMatchObject({ url: { env: 'OTHER_PROXY' } });
    expect(changes('proxy=null')).toEqual({ proxy: null });
  });

  test('without any is no change', () => {
    expect(changesFrom([], spec)).toBeUndefined();
  });

  test.each([
    'politeness',
    '=1',
    'a..b=1',
    '__proto__.x=1',
    'politeness.perHost=0',
    'start=[]',
    'politeness.x=1',
  ])('of %s is refused', (pair) => {
    expect(() => changes(pair)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  test('cannot reach beyond the spec', () => {
    changesFrom(['constructor.prototype.polluted=1'], spec);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
