import { parseUrl } from '#libs/events';
import { isIP } from 'node:net';
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
  const plain = plainAddress(address);
  if (plain === null) return false;
  const parsed = ipaddr.process(plain);
  if (parsed.kind() === 'ipv6' && !parsed.match(GLOBAL_V6, 3)) return false;
  return parsed.range() === 'unicast' && !HOST_SERVICES.has(parsed.toString());
}

/**
 * One spelling for each address; null for what is none. IPv6 goes through the URL parser, since ipaddr.js takes `::1.2.3.4` for the
 * mapped `::ffff:1.2.3.4`, which leads elsewhere; an address with a zone is for one link only, so it is none here.
 */
function plainAddress(text: string): string | null {
  const version = isIP(text);
  if (version !== 6) return version === 4 ? text : null;
  return parseUrl(`http://[${text}]/`)?.hostname.slice(1, -1) ?? null;
}

/** One spelling for each host, so that lists can be compared: mapped addresses as IPv4, names in lower case. */
export function normalHost(host: string): string {
  const bare = withoutBrackets(host);
  const plain = plainAddress(bare);
  return plain === null ? bare.toLowerCase().replace(/\.$/, '') : ipaddr.process(plain).toString();
}

/** The address that a URL's host spells, or null for a name. */
export function literalOf(hostname: string): string | null {
  const bare = withoutBrackets(hostname);
  return isIP(bare) ? bare : null;
}

const withoutBrackets = (host: string): string =>
  host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
