import { pageKey } from '#libs/events';
import type { Facts } from '../harness/facts.js';

const TERMINAL = ['PageFetched', 'FetchFailed', 'PageSkipped'];

/** Every page of the site has the one outcome that it must have: in the log and in the rows; none is missing, none is there twice. */
export function outcomes({ run, ofJob, rows, skipped }: Facts): string[] {
  const broken: string[] = [];
  const truth = run.site.truth();
  const told = new Map<string, number>();
  for (const { type, data } of ofJob)
    if (TERMINAL.includes(type) && 'url' in data) told.set(data.url, (told.get(data.url) ?? 0) + 1);
  const rowsOf = groupBy(rows, ({ url }) => url);
  const skippedOf = groupBy(skipped, ({ url }) => url);
  for (const [url, { outcome, statusCode }] of truth) {
    const found = rowsOf.get(url) ?? [];
    const left = skippedOf.get(url) ?? [];
    if (!told.has(url)) broken.push(`${url} has no outcome in the log`);
    if (found.length + left.length === 0) broken.push(`${url} has no row`);
    if (found.length + left.length > 1)
      broken.push(`${url} has ${found.length} page rows and ${left.length} of a skipped page`);
    const [row] = found;
    if (row && (row.outcome !== outcome || row.statusCode !== statusCode))
      broken.push(
        `${url} is ${row.outcome} ${row.statusCode} (${row.errorCode}), not ${outcome} ${statusCode}`,
      );
    if (!row && left.length > 0 && outcome !== 'skipped') broken.push(`${url} was skipped`);
  }
  for (const url of new Set([...told.keys(), ...rowsOf.keys(), ...skippedOf.keys()]))
    if (!truth.has(url)) broken.push(`${url} is no page of this site`);
  broken.push(...doubles(ofJob));
  return broken;
}

/** One try of a page has one outcome. A page may be told of twice (by a process that was cut off), but not by the same try. */
function doubles(events: Facts['ofJob']): string[] {
  const tries = new Map<string, number>();
  const broken: string[] = [];
  for (const { seq, data } of events) {
    if (!('try' in data)) continue;
    const name = `${data.run}:${pageKey(data.url)}:${data.try}`;
    if (tries.has(name))
      broken.push(`try ${data.try} of ${data.url} is told at ${tries.get(name)} and at ${seq}`);
    tries.set(name, seq);
  }
  return broken;
}

function groupBy<T>(all: T[], key: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(key(one), [...(groups.get(key(one)) ?? []), one]);
  return groups;
}
