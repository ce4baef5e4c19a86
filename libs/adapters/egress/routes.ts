import type { FetchRequest, ProxyResolver } from '#libs/engine/ports';
import { directWay } from './direct-way.js';
import { directDispatcher, type Dispatcher } from './dispatcher.js';
import { AddressGuard, type Resolve } from './guard.js';
import { ProxyWays } from './proxy-ways.js';
import type { Agents, Way } from './way.js';

export interface RouteOptions {
  /** Targets that every job may reach although they are private. */
  allowPrivate: readonly string[];
  resolve?: Resolve | undefined;
  proxies: ProxyResolver;
}

type RouteRequest = Pick<FetchRequest, 'allowPrivate' | 'proxy' | 'timeoutMs'>;

interface Routes {
  guard: AddressGuard;
  direct: Dispatcher;
  proxies: ProxyWays;
}

/**
 * The ways to the outside, one set for each set of private targets that some job may reach. They share no connection: what one job
 * has opened to a private address, another without its permission would find in the pool.
 */
export class RouteSets {
  private readonly sets = new Map<string, Routes>();
  /** What may be reached by all; it also judges the addresses of proxies, of which a job's permission says nothing. */
  private readonly ofAll: AddressGuard;

  constructor(private readonly options: RouteOptions) {
    this.ofAll = new AddressGuard(options.allowPrivate, options.resolve);
  }

  /** Chosen once for the whole fetch: a request with a proxy never sees the agents that go direct. */
  of({ allowPrivate = [], proxy, timeoutMs }: RouteRequest): { guard: AddressGuard; way: Way } {
    const { guard, direct, proxies } = this.setOf(allowPrivate);
    return {
      guard,
      way: proxy ? proxies.through(proxy, timeoutMs) : directWay(direct.agents, guard, timeoutMs),
    };
  }

  /** Straight to what everybody may reach. */
  common(): { guard: AddressGuard; agents: Agents } {
    const { guard, direct } = this.setOf([]);
    return { guard, agents: direct.agents };
  }

  close(): void {
    for (const { direct, proxies } of this.sets.values()) {
      direct.close();
      proxies.close();
    }
  }

  private setOf(extra: readonly string[]): Routes {
    const key = extra.join(' ');
    let routes = this.sets.get(key);
    if (!routes) this.sets.set(key, (routes = this.open(extra)));
    return routes;
  }

  private open(extra: readonly string[]): Routes {
    const { allowPrivate, resolve, proxies } = this.options;
    const guard = extra.length > 0 ? new AddressGuard([...allowPrivate, ...extra], resolve) : this.ofAll;
    return { guard, direct: directDispatcher(guard), proxies: new ProxyWays(guard, this.ofAll, proxies) };
  }
}
