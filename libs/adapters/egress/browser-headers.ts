import { parseUrl } from '#libs/events';

/** What is said between two neighbours only (RFC 9110, 7.6.1), and what is meant for us. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

function named(raw: readonly string[], hop: ReadonlySet<string>): Set<string> {
  const names = new Set(hop);
  for (let i = 0; i + 1 < raw.length; i += 2)
    if (raw[i]!.toLowerCase() === 'connection')
      for (const name of raw[i + 1]!.split(',')) names.add(name.trim().toLowerCase());
  return names;
}

/**
 * Headers to be passed on, as name, value, name, value: in their order and spelling, without those of the connection.
 * @param raw as Node gives them
 */
export function passedOn(raw: readonly string[]): string[] {
  const dropped = named(raw, HOP_BY_HOP);
  const kept: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2)
    if (!dropped.has(raw[i]!.toLowerCase())) kept.push(raw[i]!, raw[i + 1]!);
  return kept;
}

/** The same list by name, for who takes no list; a name that comes more than once has all its values. */
export function byName(list: readonly string[]): Record<string, string | string[]> {
  const record = Object.create(null) as Record<string, string | string[]>;
  const spelled = new Map<string, string>();
  for (let i = 0; i + 1 < list.length; i += 2) {
    const name = spelled.get(list[i]!.toLowerCase()) ?? list[i]!;
    spelled.set(name.toLowerCase(), name);
    const before = record[name];
    record[name] = before === undefined ? list[i + 1]! : [before, list[i + 1]!].flat();
  }
  return { ...record };
}

/** The URL that stands for the target of a CONNECT: `https://host:port/`, or null when it names none. */
export function urlOfAuthority(authority: string): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[^\s[\]@/\\?#:]+):(\d{1,5})$/i.exec(authority);
  if (!match || Number(match[2]) === 0) return null;
  return parseUrl(`https://${authority}/`)?.href ?? null;
}

/** The URL of a plain request, which a proxy is sent whole; null for anything else. */
export function urlOfRequest(target: string): string | null {
  const url = /^http:\/\//i.test(target) ? parseUrl(target) : null;
  return url?.username === '' && url.password === '' ? url.href : null;
}
