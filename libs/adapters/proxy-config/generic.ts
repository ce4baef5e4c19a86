import { parseUrl } from '#libs/events';
import type { ProxyChoice, ProxyEndpoint } from '#libs/engine/ports';
import type { ProxySpec } from '#libs/events';
import { memberOf, sessionIdOf, sessionKeyOf } from './choose.js';
import { missing, wrong } from './problems.js';

type Reference = NonNullable<ProxySpec['url']>;

/** Looks up what a reference names. */
export interface References {
  env(name: string): string | undefined;
  secret(name: string): string | undefined;
}

const nameOf = (reference: Exclude<Reference, string>): string =>
  'env' in reference ? reference.env : reference.secret;

function textOf(reference: Exclude<Reference, string>, references: References): string {
  const name = nameOf(reference);
  const value = 'env' in reference ? references.env(name) : references.secret(name);
  return value ?? missing(name);
}

/** Any proxy by its URL. A referenced URL may hold `{session}` and `{country}` where its provider reads them. */
export function genericEndpoint(spec: ProxySpec, choice: ProxyChoice, references: References): ProxyEndpoint {
  const members: Reference[] = [...(spec.url === undefined ? [] : [spec.url]), ...spec.pool];
  if (members.length === 0) missing('proxy.url');
  const { ports, session, country = '' } = spec;
  const index = memberOf(session, choice, members.length * Math.max(ports.length, 1));
  const member = members[index % members.length]!;
  const port = ports[Math.floor(index / members.length)];
  const key = sessionKeyOf(session, choice);

  const plain = typeof member === 'string';
  const text = plain
    ? member
    : textOf(member, references)
        .trim()
        .replaceAll('{session}', sessionIdOf(key ?? `${choice.session} ${choice.request}`))
        .replaceAll('{country}', country);
  const what = 'http(s)://user:password@host:port';
  const url = parseUrl(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw wrong(plain ? 'proxy.url' : nameOf(member), what);
  if (port !== undefined) url.port = String(port);
  const credentials = url.username || url.password ? `${url.username}:${url.password}@` : '';
  return {
    url: `${url.protocol}//${credentials}${url.host}`,
    trusted: !plain,
    headers: {},
    tunnelKey: key,
  };
}
