const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export const number = (value: number): string => WHOLE.format(value);

/** `1 page`, `2,000 pages`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`;

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Powers of 1000, as disks and networks are counted. */
export function bytes(value: number): string {
  let [size, unit] = [value, 0];
  while (size >= 999.5 && unit < UNITS.length - 1) [size, unit] = [size / 1000, unit + 1];
  return `${unit === 0 || size >= 99.5 ? number(size) : size.toFixed(1)} ${UNITS[unit]!}`;
}

/** A span as people say it: `420 ms`, `7.5 s`, `3 min 5 s`, `2 h 10 min`, `4 d 2 h`. @param ms 0 or more */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const two = (big: number, bigName: string, small: number, smallName: string): string =>
    small === 0 ? `${big} ${bigName}` : `${big} ${bigName} ${small} ${smallName}`;
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return two(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.floor(minutes / 60);
  return two(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** The largest unit alone, for lists: `12 s ago`, `3 h ago`. */
export function ago(ms: number): string {
  if (ms < 5000) return 'just now';
  const seconds = Math.floor(ms / 1000);
  for (const [size, name] of [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ] as const)
    if (seconds >= size) return `${number(Math.floor(seconds / size))} ${name} ago`;
  return `${seconds} s ago`;
}

/** `2026-01-31 12:00:05`, UTC. @param iso ISO 8601 */
export const moment = (iso: string): string => iso.slice(0, 19).replace('T', ' ');

/** `12:00:05.123`, UTC. */
export const clockTime = (iso: string): string => iso.slice(11, 23);

/** Share of a whole in percent, never 100 before all is there. */
export const percent = (done: number, total: number): number =>
  total <= 0 ? 0 : Math.min(100, Math.floor((done * 1000) / total) / 10);

/** The address as people read it: without its protocol, whole or cut in the middle. */
export function shortUrl(url: string, max = 90): string {
  const text = url.replace(/^https?:\/\//, '');
  return text.length <= max
    ? text
    : `${text.slice(0, Math.ceil(max * 0.6))}…${text.slice(-Math.floor(max * 0.4) + 1)}`;
}
