import type { Facts } from '../harness/facts.js';
import { CONCURRENCY } from '../harness/run.js';

/** The site notes a request when it comes to it, which a busy machine may delay. */
const LATE_MS = 100;

/** The site's own log: nothing was asked for that had its outcome, and again at most what was in flight. */
export function requests({ run, ofJob }: Facts): string[] {
  const { repeats = CONCURRENCY, afterCommit = 0, clocksDiffer = false } = run.fault.allow ?? {};
  const truth = run.site.truth();
  const committed = new Map<string, number>();
  for (const { type, data, storedAt } of ofJob)
    if (type === 'PageFetched' && !committed.has(data.url)) committed.set(data.url, storedAt);
  const late: string[] = [];
  const asked = new Map<string, number>();
  for (const { path, at } of run.site.log) {
    const url = `http://${run.site.host}${path}`;
    if (!truth.has(url)) continue;
    asked.set(url, (asked.get(url) ?? 0) + 1);
    const since = at - (committed.get(url) ?? Infinity);
    if (since > LATE_MS) late.push(`${path} ${since} ms after`);
  }
  let again = 0;
  for (const [url, times] of asked) again += Math.max(0, times - truth.get(url)!.requests);
  const broken: string[] = [];
  if (again > repeats)
    broken.push(`${again} requests were made again; at most ${repeats} pages were in flight`);
  if (!clocksDiffer && late.length > afterCommit)
    broken.push(
      `${late.length} requests came after their page was committed, not at most ${afterCommit}: ${late.slice(0, 5).join(', ')}`,
    );
  return broken;
}
