import { CapError, refusal, Refusals } from './browser-refusals.js';
import { BlockedAddressError } from './guard.js';
import { makeFault } from './proxy-fault.js';

const coded = (code: string): Error => Object.assign(new Error('connect 10.0.0.1'), { code });

describe('why a browser did not get what it asked for', () => {
  it.each([
    [new BlockedAddressError(), 'blocked', 'blocked_address', 'net::ERR_BLOCKED_BY_ADMINISTRATOR'],
    [coded('ENOTFOUND'), 'dns', 'dns_error', 'net::ERR_NAME_NOT_RESOLVED'],
    [coded('ECONNREFUSED'), 'unreachable', 'connection_refused', 'net::ERR_CONNECTION_REFUSED'],
    [coded('ETIMEDOUT'), 'unreachable', 'connect_timeout', 'net::ERR_CONNECTION_TIMED_OUT'],
    [coded('ECONNRESET'), 'unreachable', 'connection_reset', 'net::ERR_CONNECTION_RESET'],
    [new CapError('too much'), 'limit', 'connection_reset', 'net::ERR_CONNECTION_ABORTED'],
    [makeFault('proxy_auth', 'generic', 407), 'proxy', 'proxy_auth', 'net::ERR_PROXY_CONNECTION_FAILED'],
    [
      makeFault('proxy_target_unreachable', 'generic', 502),
      'unreachable',
      'proxy_target_unreachable',
      'net::ERR_TUNNEL_CONNECTION_FAILED',
    ],
  ])('%s is %s (%s)', (error, kind, code, netError) => {
    const found = refusal('https://a.test/x', error);
    expect(found).toMatchObject({ target: 'a.test:443', kind, code, netError });
    expect(found.message).not.toContain('10.0.0.1');
    expect(found.problem?.code).toBe(kind === 'proxy' ? code : undefined);
  });

  it('keeps the last word of each target, and the first of the proxy, until it is told to forget', () => {
    const refusals = new Refusals();
    refusals.add(refusal('http://a.test/', coded('ENOTFOUND')));
    refusals.add(refusal('http://b.test/', makeFault('proxy_auth', 'generic', 407)));
    refusals.add(refusal('http://c.test/', makeFault('proxy_timeout', 'generic', 504)));
    refusals.add(refusal('http://a.test/other', new BlockedAddressError()));
    expect(refusals.of('http://a.test:80/x')?.kind).toBe('blocked');
    expect(refusals.of('https://a.test/')).toBeNull();
    expect(refusals.of('about:blank')).toBeNull();
    expect(refusals.of('no url')).toBeNull();
    expect(refusals.all().map(({ target }) => target)).toEqual(['b.test:80', 'c.test:80', 'a.test:80']);
    expect(refusals.proxyProblem?.code).toBe('proxy_auth');
    refusals.forget();
    expect([refusals.all(), refusals.proxyProblem]).toEqual([[], null]);
  });

  it('does not grow with the hosts that a page makes up', () => {
    const refusals = new Refusals();
    for (let i = 0; i < 5000; i++) refusals.add(refusal(`http://h${i}.test/`, coded('ENOTFOUND')));
    expect(refusals.all().length).toBe(200);
  });
});
