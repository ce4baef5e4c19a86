export { decode as decodeBody } from './decode.js';
import type { BrowserEgresses, ProxyResolver, TargetCheck } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import { BrowserProxy } from './browser-egress.js';
import { Egress } from './egress.js';
import { AddressGuard, admitsUrl, type Resolve } from './guard.js';
import { RouteSets } from './routes.js';

export { BlockedAddressError, type Resolve } from './guard.js';
export type { Egress } from './egress.js';
export type { PostOutcome, PostRequest } from './post.js';

export { createJsonEndpoint } from './json-endpoint.js';
export { createProxyCheck, type ProxyCheckOptions } from './proxy-check.js';

export interface EgressOptions {
  /** Targets that may be private, whichever job asks: `host`, `host:port`, or `*` (SPOOR_ALLOW_PRIVATE). */
  allowPrivate?: readonly string[];
  /** Every address of a name; default the system's resolver. */
  resolve?: Resolve;
  /** Finds the proxies of jobs that have some; without it none is configured. */
  proxies?: ProxyResolver;
}

/** The one way to the outside. `close` ends its idle connections. */
export function createEgress(options: EgressOptions = {}): Egress {
  const { allowPrivate = [], resolve, proxies = noProxies } = options;
  return new Egress(new RouteSets({ allowPrivate, resolve, proxies }));
}

/** Ways out for browsers, by the same rules as `createEgress`. `close` ends their idle connections; each of them is closed by itself. */
export function createBrowserEgresses(options: EgressOptions = {}): BrowserEgresses {
  const { allowPrivate = [], resolve, proxies = noProxies } = options;
  const routes = new RouteSets({ allowPrivate, resolve, proxies });
  return {
    open: (of = {}) => new BrowserProxy(routes, of).listen(),
    close: () => Promise.resolve(routes.close()),
  };
}

/** Looks at targets without fetching them, by the same rule as `createEgress`. */
export function createTargetCheck({ allowPrivate = [], resolve }: EgressOptions = {}): TargetCheck {
  const guard = new AddressGuard(allowPrivate, resolve);
  return { admits: (url, signal) => admitsUrl(guard, url, signal) };
}

const noProxies: ProxyResolver = {
  resolve: () => {
    throw new SpoorError('proxy_not_configured', 'No proxy is configured here');
  },
};
