import { connect as tlsConnect } from 'node:tls';
import { isIP, type Socket } from 'node:net';
import type { ProxyCheck, ProxyProblem, ProxyResolver } from '#libs/engine/ports';
import type { ProxySpec } from '#libs/events';
import { failures } from '#libs/failures';
import { BlockedAddressError, AddressGuard, type Resolve } from './guard.js';
import { problems } from './problems.js';
import { faultOf, type ProxyFault } from './proxy-fault.js';
import { ProxyWays } from './proxy-ways.js';

export interface ProxyCheckOptions {
  proxies: ProxyResolver;
  /** Targets that may be private, whichever job asks; as they are at the time of a check. */
  allowPrivate?: () => readonly string[];
  /** Those that this job may reach on top. */
  allowPrivateOf?: (jobId: string) => readonly string[];
  resolve?: Resolve;
}

const nothing = (): readonly string[] => [];

/** Members of a pool that are tried, at most. */
const MAX_MEMBERS = 8;

/**
 * Tries the way that the job's requests would take. What is the target's fault behind a working proxy lets a check pass: the
 * page will say so itself.
 */
export function createProxyCheck(options: ProxyCheckOptions): ProxyCheck {
  const { proxies, allowPrivate = nothing, allowPrivateOf = nothing, resolve } = options;
  return {
    check: async (jobId, proxy, targetUrl, signal) => {
      const common = allowPrivate();
      const guard = new AddressGuard([...common, ...allowPrivateOf(jobId)], resolve);
      const ways = new ProxyWays(guard, new AddressGuard(common, resolve), proxies);
      const stop = (): void => ways.close();
      signal?.addEventListener('abort', stop, { once: true });
      const started = performance.now();
      try {
        const problem = await checkMembers(ways, proxy, targetUrl);
        signal?.throwIfAborted();
        return problem ?? { ok: true, ms: Math.round(performance.now() - started) };
      } finally {
        signal?.removeEventListener('abort', stop);
        ways.close();
      }
    },
  };
}

/** With a tolerance one member that works is enough, since the others are passed over; without, each must. */
async function checkMembers(ways: ProxyWays, proxy: ProxySpec, url: string): Promise<ProxyProblem | null> {
  const count = Math.max(proxy.pool.length, 1) * Math.max(proxy.ports.length, 1);
  let last: ProxyProblem | null = null;
  for (let i = 0; i < Math.min(count, MAX_MEMBERS); i++) {
    last = await checkOne(ways, proxy, url);
    if ((last === null) === proxy.tolerance > 0) return last;
  }
  return last;
}

async function checkOne(ways: ProxyWays, spec: ProxySpec, url: string): Promise<ProxyProblem | null> {
  const route = { spec, session: 'check' };
  try {
    const endpoint = ways.endpointFor(route, url);
    await ways.admit(url);
    const tunnel = ways.tunnelOf(route, endpoint, spec.connectTimeoutMs);
    const socket = await ways.open(route, tunnel, url);
    try {
      if (url.startsWith('https:')) await shakeHands(socket, new URL(url).hostname, spec.connectTimeoutMs);
    } finally {
      socket.destroy();
    }
    return null;
  } catch (error) {
    if (error instanceof BlockedAddressError)
      return {
        ok: false,
        ...problems.blocked,
        statusCode: 0,
        vendorText: null,
        hint: failures.blocked_address.hint,
      };
    const fault: ProxyFault | null = faultOf(error);
    if (fault === null) throw error;
    // Sticky sessions move on to the next member only after a failure.
    ways.failed(route);
    return fault.stopsJob ? fault.problem : null;
  }
}

/** TLS with the target, whoever it turns out to be: a certificate that does not fit is the target's, and the page will say it. */
function shakeHands(socket: Socket, hostname: string, timeoutMs: number): Promise<void> {
  const name = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const secure = tlsConnect({ socket, ...(isIP(name) ? {} : { servername: name }) });
    const timer = setTimeout(done, timeoutMs);
    function done(): void {
      clearTimeout(timer);
      secure.destroy();
      resolve();
    }
    secure.once('secureConnect', done).on('error', done).once('close', done);
  });
}
