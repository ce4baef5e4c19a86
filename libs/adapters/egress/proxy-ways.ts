import { setMaxListeners } from 'node:events';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { LookupFunction, Socket } from 'node:net';
import type { ProxyEndpoint, ProxyResolver, ProxyRoute } from '#libs/engine/ports';
import { hostOf, type ProxySpec } from '#libs/events';
import { guardedLookup } from './dispatcher.js';
import { BlockedAddressError, type AddressGuard } from './guard.js';
import { problemOf } from './problems.js';
import { tunnelAgents, type TunnelAgents } from './proxy-agents.js';
import { configurationFault, faultOf, transportFault, type ProxyFault } from './proxy-fault.js';
import { forwardHop, reachProxy } from './proxy-forward.js';
import { openTunnel, type TunnelOptions } from './proxy-tunnel.js';
import { Recent } from './recent.js';
import type { Hop, Way } from './way.js';

/** A request that waits so long makes its worker ask whether the proxy still opens ways. */
const WATCH_AFTER_MS = 1000;
/** How long a good answer to that holds, for all requests through the same proxy to the same host. */
const TRUST_MS = 1000;
/** A name that was looked up is not looked up again for each request: the proxy resolves it anew anyway. */
const ADMITTED_MS = 60_000;

interface Trial {
  fault: Promise<ProxyFault | null>;
  /** When it began. */
  at: number;
  pending: boolean;
}

interface Session {
  request: number;
  failures: number;
}

const portOf = (url: URL): number => Number(url.port) || (url.protocol === 'https:' ? 443 : 80);

/** Ways through proxies. Nothing here can open a connection to a target: there is no agent that would. */
export class ProxyWays {
  private readonly sessions = new Recent<Session>(1000);
  private readonly agents = new Recent<TunnelAgents>(256);
  private readonly admitted = new Recent<number>(10_000);
  private readonly trials = new Recent<Trial>(1000);
  private readonly forwarding = {
    http: new HttpAgent({ keepAlive: true }),
    https: new HttpsAgent({ keepAlive: true }),
  };
  private readonly closing = new AbortController();

  constructor(
    /** Judges targets. */
    private readonly guard: AddressGuard,
    /** Judges proxies that a spec names by their address. */
    private readonly proxyGuard: AddressGuard,
    private readonly resolver: ProxyResolver,
  ) {
    // Every tunnel that is being opened listens; Node takes more than ten for a leak and says so.
    setMaxListeners(0, this.closing.signal);
  }

  /** @param timeoutMs of the page; a proxy that answers later than that is found out all the same */
  through(route: ProxyRoute, timeoutMs: number): Way {
    return new ProxyWay(this, route, Math.min(route.spec.connectTimeoutMs, Math.max(timeoutMs - 100, 50)));
  }

  close(): void {
    this.closing.abort();
    for (const agents of this.agents.values()) agents.close();
    this.forwarding.http.destroy();
    this.forwarding.https.destroy();
  }

  /** @throws ProxyFault when it is not configured */
  endpointFor({ spec, session }: ProxyRoute, url: string): ProxyEndpoint {
    const counts = this.countsOf(session);
    try {
      const { request, failures } = counts;
      return this.resolver.resolve(spec, { session, host: hostOf(url), request, failures });
    } catch (error) {
      throw configurationFault(error);
    } finally {
      counts.request += 1;
    }
  }

  failed({ session }: ProxyRoute): void {
    this.countsOf(session).failures += 1;
  }

  /**
   * The target is judged by what its name means here. A name that only the proxy can resolve passes: behind it lies another
   * network than ours.
   * @throws BlockedAddressError
   */
  async admit(url: string): Promise<void> {
    const { hostname, host, protocol } = new URL(url);
    const key = `${protocol}//${host}`;
    if ((this.admitted.get(key) ?? 0) > performance.now()) return;
    try {
      await this.guard.addressesOf(hostname, portOf(new URL(url)));
    } catch (error) {
      if (error instanceof BlockedAddressError) throw error;
    }
    this.admitted.set(key, performance.now() + ADMITTED_MS);
  }

  tunnelOf(route: ProxyRoute, endpoint: ProxyEndpoint, timeoutMs: number): TunnelOptions {
    const { hostname, port } = new URL(endpoint.url);
    const { provider } = route.spec;
    const lookup = endpoint.trusted ? undefined : this.checkedLookup(hostname, port, provider);
    return { endpoint, provider, timeoutMs, lookup, signal: this.closing.signal };
  }

  private checkedLookup(host: string, port: string, provider: ProxySpec['provider']): LookupFunction {
    try {
      return guardedLookup(this.proxyGuard, { host, port });
    } catch (error) {
      // A literal, refused without a look-up: the proxy's address, not the page's.
      throw transportFault(error, provider);
    }
  }

  hop(route: ProxyRoute, tunnel: TunnelOptions, url: string): Hop {
    if (route.spec.httpMode === 'forward' && url.startsWith('http:'))
      return forwardHop(tunnel, url, this.forwarding);
    const { endpoint, timeoutMs } = tunnel;
    if (endpoint.tunnelKey === null) return { agents: tunnelAgents(tunnel, false) };
    const key = [endpoint.url, endpoint.tunnelKey, timeoutMs, ...Object.values(endpoint.headers)].join(' ');
    const agents = this.agents.get(key) ?? tunnelAgents(tunnel, true);
    this.agents.set(key, agents);
    return { agents };
  }

  /**
   * Whether the proxy opened a way to the URL's host at some moment since `since` (monotonic ms). One trial serves all who ask at
   * the time, but none that began earlier clears the proxy.
   */
  async tryWay(
    route: ProxyRoute,
    tunnel: TunnelOptions,
    url: string,
    since: number,
  ): Promise<ProxyFault | null> {
    const key = `${tunnel.endpoint.url} ${hostOf(url)}`;
    for (;;) {
      const known = this.trials.get(key);
      const trial =
        known?.pending || (known && known.at >= since) ? known : this.beginTrial(key, route, tunnel, url);
      const fault = await trial.fault;
      if (fault || trial.at >= since) return fault;
    }
  }

  private beginTrial(key: string, route: ProxyRoute, tunnel: TunnelOptions, url: string): Trial {
    const fault = this.open(route, tunnel, url).then((socket) => {
      socket.destroy();
      return null;
    }, faultOf);
    const trial: Trial = { fault, at: performance.now(), pending: true };
    this.trials.set(key, trial);
    void fault.then((found) => {
      trial.pending = false;
      // A bad answer holds for nobody who asks later: the proxy may have been mended.
      if (found && this.trials.get(key) === trial) this.trials.delete(key);
    });
    return trial;
  }

  /** A way to the URL's host, for nothing but to see that there is one. @throws ProxyFault */
  open({ spec }: ProxyRoute, tunnel: TunnelOptions, url: string): Promise<Socket> {
    const { hostname, protocol } = new URL(url);
    if (spec.httpMode === 'forward' && protocol === 'http:') return reachProxy(tunnel);
    return openTunnel({ host: hostname, port: portOf(new URL(url)) }, tunnel);
  }

  private countsOf(session: string): Session {
    const counts = this.sessions.get(session) ?? { request: 0, failures: 0 };
    this.sessions.set(session, counts);
    return counts;
  }
}

class ProxyWay implements Way {
  private last: { tunnel: TunnelOptions; url: string; hop?: Hop } | null = null;

  constructor(
    private readonly ways: ProxyWays,
    private readonly route: ProxyRoute,
    private readonly timeoutMs: number,
  ) {}

  async hop(url: string): Promise<Hop> {
    const endpoint = this.ways.endpointFor(this.route, url);
    await this.ways.admit(url);
    const tunnel = this.ways.tunnelOf(this.route, endpoint, this.timeoutMs);
    const hop = this.ways.hop(this.route, tunnel, url);
    this.last = { tunnel, url, hop };
    return hop;
  }

  async connect(url: string): Promise<Socket> {
    const endpoint = this.ways.endpointFor(this.route, url);
    await this.ways.admit(url);
    const tunnel = this.ways.tunnelOf(this.route, endpoint, this.timeoutMs);
    this.last = { tunnel, url };
    const { hostname } = new URL(url);
    return openTunnel({ host: hostname, port: portOf(new URL(url)) }, tunnel);
  }

  async faultBehind(error: unknown, signal: AbortSignal): Promise<ProxyFault | null> {
    const known = faultOf(error) ?? this.last?.hop?.explain?.(error) ?? null;
    // A connection that was cut says little; a second look may tell why, and whose fault it was.
    const unclear = known ? known.problem.code === 'proxy_reset' : isDoubtful(error);
    const seen = unclear ? await untilAborted(this.tryAgain(performance.now()), signal) : null;
    const fault = seen ?? known;
    if (fault?.stopsJob) this.ways.failed(this.route);
    return fault;
  }

  watch(onFault: (fault: ProxyFault) => void): () => void {
    let timer = setTimeout(() => void look(), WATCH_AFTER_MS);
    let over = false;
    const look = async (): Promise<void> => {
      const fault = await this.tryAgain(performance.now() - TRUST_MS);
      if (over) return;
      if (fault) onFault(fault);
      else timer = setTimeout(() => void look(), this.timeoutMs);
    };
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }

  /** Only what is the proxy's own fault counts: that it cannot reach the target now says nothing of an earlier answer. */
  private async tryAgain(since: number): Promise<ProxyFault | null> {
    if (!this.last) return null;
    const fault = await this.ways.tryWay(this.route, this.last.tunnel, this.last.url, since);
    return fault?.stopsJob ? fault : null;
  }
}

/** A broken or silent connection may be the proxy's doing as well as the target's. */
const isDoubtful = (error: unknown): boolean =>
  ['connection_reset', 'tls_error'].includes(problemOf(error).code);

const untilAborted = <T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => resolve(null);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
