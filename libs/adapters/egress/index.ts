import type { ProxyResolver } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import { directDispatcher } from './dispatcher.js';
import { Egress } from './egress.js';
import { AddressGuard, type Resolve } from './guard.js';
import { ProxyWays } from './proxy-ways.js';

export { BlockedAddressError, type Resolve } from './guard.js';
export type { Egress } from './egress.js';

export { createProxyCheck, type ProxyCheckOptions } from './proxy-check.js';

export interface EgressOptions {
  /** Targets that may be private: `host`, `host:port`, or `*` (SPOOR_ALLOW_PRIVATE). */
  allowPrivate?: readonly string[];
  /** Every address of a name; default the system's resolver. */
  resolve?: Resolve;
  /** Finds the proxies of jobs that have some; without it none is configured. */
  proxies?: ProxyResolver;
}

/** The one way to the outside. `close` ends its idle connections. */
export function createEgress(options: EgressOptions = {}): Egress {
  const guard = new AddressGuard(options.allowPrivate ?? [], options.resolve);
  return new Egress(guard, directDispatcher(guard), new ProxyWays(guard, options.proxies ?? noProxies));
}

const noProxies: ProxyResolver = {
  resolve: () => {
    throw new SpoorError('proxy_not_configured', 'No proxy is configured here');
  },
};
