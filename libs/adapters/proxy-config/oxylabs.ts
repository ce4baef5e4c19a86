import { parseUrl } from '#libs/events';
import type { ProxyChoice, ProxyEndpoint } from '#libs/engine/ports';
import type { ProxySpec } from '#libs/events';
import { memberOf, sessionIdOf, sessionKeyOf, type SessionType } from './choose.js';
import { missing, wrong } from './problems.js';

type Lookup = (name: string) => string | undefined;

const TYPES = {
  residential: { host: 'pr.oxylabs.io', port: 7777 },
  isp: { host: 'isp.oxylabs.io', port: 8000 },
  datacenter: { host: 'dc.oxylabs.io', port: 8000 },
} as const;

/** Minutes that a sticky exit is asked for. */
const SESSION_MINUTES = 10;

function oneOf<T extends string>(
  name: string,
  value: string | undefined,
  allowed: readonly T[],
  otherwise: T,
): T {
  if (value === undefined) return otherwise;
  const found = allowed.find((one) => one === value.toLowerCase());
  if (!found) throw wrong(name, `one of ${allowed.join(', ')}`);
  return found;
}

function portsOf(spec: ProxySpec, env: Lookup, standard: number): number[] {
  if (spec.ports.length > 0) return spec.ports;
  const [name, text] = env('OXYLABS_PORTS')
    ? ['OXYLABS_PORTS', env('OXYLABS_PORTS')]
    : ['OXYLABS_PORT', env('OXYLABS_PORT')];
  if (!text) return [standard];
  const ports = text.split(',').map((part) => Number(part.trim() || NaN));
  if (!ports.every((port) => Number.isInteger(port) && port > 0 && port < 65_536))
    throw wrong(name!, name === 'OXYLABS_PORTS' ? 'a comma list of ports' : 'a port');
  return ports;
}

/** `customer-USER-cc-DE-sessid-abc-sesstime-10`, as Oxylabs reads country and session from the user name. */
export function oxylabsUser(user: string, country: string | undefined, sessionId: string | null): string {
  const parts = [user.startsWith('customer-') ? user : `customer-${user}`];
  if (country) parts.push('cc', country.toUpperCase());
  if (sessionId !== null) parts.push('sessid', sessionId, 'sesstime', String(SESSION_MINUTES));
  return parts.join('-');
}

/** The preset `oxylabs`: everything from OXYLABS_*, what the spec says about country, session and ports wins. */
export function oxylabsEndpoint(spec: ProxySpec, choice: ProxyChoice, env: Lookup): ProxyEndpoint {
  if (/^(0|false|no|off)$/i.test(env('OXYLABS_ENABLED') ?? '')) throw wrong('OXYLABS_ENABLED', 'true');
  const user = env('OXYLABS_USERNAME') ?? missing('OXYLABS_USERNAME');
  const password = env('OXYLABS_PASSWORD') ?? missing('OXYLABS_PASSWORD');
  const type = oneOf(
    'OXYLABS_PROXY_TYPE',
    env('OXYLABS_PROXY_TYPE'),
    ['residential', 'isp', 'datacenter'],
    'residential',
  );
  const byEnv = oneOf('OXYLABS_SESSION_TYPE', env('OXYLABS_SESSION_TYPE'), ['rotate', 'sticky'], 'rotate');
  const session: SessionType = spec.session === 'rotate' ? byEnv : spec.session;
  const country = spec.country ?? env('OXYLABS_COUNTRY');
  const byName = !/^(0|false|no|off)$/i.test(env('OXYLABS_COUNTRY_IN_USERNAME') ?? '');
  const host = env('OXYLABS_HOST') ?? TYPES[type].host;
  const ports = portsOf(spec, env, TYPES[type].port);
  const port = ports[memberOf(session, choice, ports.length)]!;

  const key = sessionKeyOf(session, choice);
  const name = oxylabsUser(user, byName ? country : undefined, key === null ? null : sessionIdOf(key));
  const address = `http://${host}:${port}`;
  const url = parseUrl(address);
  if (url === null || url.hostname === '') throw wrong('OXYLABS_HOST', 'a host name');
  url.username = encodeURIComponent(name);
  url.password = encodeURIComponent(password);
  return {
    url: url.href,
    trusted: true,
    headers: country && !byName ? { 'X-Oxylabs-Country': country.toUpperCase() } : {},
    tunnelKey: key,
  };
}
