import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { isPublicAddress, literalOf, normalHost } from './address.js';

/** Every address of a name, by the system's resolver unless a test brings its own. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

export const systemResolve: Resolve = (hostname) =>
  new Promise((resolve, reject) => {
    systemLookup(hostname, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });

/** The target's address is not public and nobody has allowed it. Says nothing of the address itself. */
export class BlockedAddressError extends Error {
  readonly code = 'SPOOR_BLOCKED_ADDRESS';
  constructor() {
    super('The address is not public');
  }
}

/**
 * Which targets may be connected to. `allowPrivate` names the exceptions: `host`, `host:port` (names or addresses, IPv6 with
 * a port in brackets), or `*` for everything.
 */
export class AddressGuard {
  private readonly everything: boolean;
  private readonly allowed: ReadonlySet<string>;

  constructor(
    allowPrivate: readonly string[],
    private readonly resolve: Resolve = systemResolve,
  ) {
    this.everything = allowPrivate.includes('*');
    this.allowed = new Set(allowPrivate.map(parseEntry));
  }

  /** Literals are judged at once; a name passes here and is judged by what it resolves to. */
  admitsHost(hostname: string, port: number): boolean {
    const literal = literalOf(hostname);
    return literal === null || this.admitsAddress(literal, port);
  }

  /**
   * The addresses to connect to: what was checked is what is used. One address that is not public refuses the name as a
   * whole, since a mixed answer is an attack more often than a mistake.
   * @throws BlockedAddressError, or the resolver's error.
   */
  async addressesOf(hostname: string, port: number): Promise<LookupAddress[]> {
    const addresses = await this.resolve(hostname);
    if (addresses.length === 0) throw Object.assign(new Error('no address'), { code: 'ENODATA' });
    const trusted = this.isAllowed(hostname, port);
    if (!trusted && addresses.some(({ address }) => !this.admitsAddress(address, port)))
      throw new BlockedAddressError();
    return addresses;
  }

  private admitsAddress(address: string, port: number): boolean {
    return isPublicAddress(address) || this.isAllowed(address, port);
  }

  private isAllowed(host: string, port: number): boolean {
    if (this.everything) return true;
    const normal = normalHost(host);
    return this.allowed.has(normal) || this.allowed.has(`${normal} ${port}`);
  }
}

/** `host` stays as it is, `host:port` becomes `host port`, which no host can spell. */
function parseEntry(entry: string): string {
  const match = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(entry.trim());
  return match ? `${normalHost(match[1]!)} ${Number(match[2])}` : normalHost(entry.trim());
}

export function targetOf(url: string): { hostname: string; port: number } {
  const { hostname, port, protocol } = new URL(url);
  return { hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}

/** A resolver that does not answer has its say when the page is fetched. */
const RESOLVE_MS = 5000;

/** True for a name that does not resolve, too: it is the fetch that tells so. */
export async function admitsUrl(guard: AddressGuard, url: string, signal: AbortSignal): Promise<boolean> {
  const { hostname, port } = targetOf(url);
  if (!guard.admitsHost(hostname, port)) return false;
  if (literalOf(hostname) !== null) return true;
  return new Promise((resolve) => {
    const answer = (admitted: boolean): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', goOn);
      resolve(admitted);
    };
    const goOn = (): void => answer(true);
    const timer = setTimeout(goOn, RESOLVE_MS);
    signal.addEventListener('abort', goOn);
    if (signal.aborted) goOn();
    guard
      .addressesOf(hostname, port)
      .then(goOn, (error: unknown) => answer(!(error instanceof BlockedAddressError)));
  });
}
