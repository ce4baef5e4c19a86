import { directDispatcher } from './dispatcher.js';
import { Egress } from './egress.js';
import { AddressGuard, type Resolve } from './guard.js';

export { BlockedAddressError, type Resolve } from './guard.js';
export type { Egress } from './egress.js';

export interface EgressOptions {
  /** Targets that may be private: `host`, `host:port`, or `*` (SPOOR_ALLOW_PRIVATE). */
  allowPrivate?: readonly string[];
  /** Every address of a name; default the system's resolver. */
  resolve?: Resolve;
}

/** The one way to the outside. `close` ends its idle connections. */
export function createEgress(options: EgressOptions = {}): Egress {
  const guard = new AddressGuard(options.allowPrivate ?? [], options.resolve);
  return new Egress(guard, directDispatcher(guard));
}
