import ipaddr from 'ipaddr.js';

/** Public by its range, but answered by the cloud host underneath a machine (Azure's metadata and DNS). */
const HOST_SERVICES = new Set(['168.63.129.16']);
/** The one block of IPv6 that is given out as global unicast so far (RFC 4291, IANA registry). */
const GLOBAL_V6 = ipaddr.IPv6.parse('2000::');

/**
 * Whether an address is global unicast. An IPv4-mapped one is judged by the IPv4 address in it; every other form that
 * carries an IPv4 address (6to4, NAT64, Teredo, IPv4-compatible) is refused, since where it leads is decided elsewhere.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv6' && !parsed.match(GLOBAL_V6, 3)) return false;
  return parsed.range() === 'unicast' && !HOST_SERVICES.has(parsed.toString());
}

/** One spelling for each address, so that lists can be compared; names come back in lower case. */
export function normalHost(host: string): string {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  return ipaddr.isValid(bare) ? ipaddr.process(bare).toString() : bare.toLowerCase().replace(/\.$/, '');
}

/** The address that a URL's host spells, or null for a name. */
export function literalOf(hostname: string): string | null {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return ipaddr.isValid(bare) ? bare : null;
}
