import { hostOf } from '#libs/events';
import type { Entry, FailureLedger, Frontier } from '#libs/job';

/** A reason for which open pages are not being fetched now. */
export interface Wait {
  why:
    | 'not-running'
    | 'nobody-runs-it'
    | 'budget'
    | 'retry-due'
    | 'host-asked'
    | 'crawl-delay'
    | 'robots-unknown'
    | 'pace';
  /** Open pages that it holds. */
  pages: number;
  /** In words. */
  detail: string;
  host: string | null;
  /** When it may go on without anybody's doing (ISO 8601); null when that is for somebody to decide, or at any moment. */
  until: string | null;
}

interface Now {
  /** ms since the epoch */
  now: number;
  /** URLs in flight. */
  inFlight: ReadonlySet<string>;
  /** A coordinator holds the job's shard. */
  isLed: boolean;
}

/** Hosts that are told apart. */
const HOSTS = 5;

/** Most pages first. Every open page that is not in flight stands behind exactly one reason. */
export function waitsOf(frontier: Frontier, failures: FailureLedger, at: Now): Wait[] {
  const { status, reason } = frontier.state!;
  const open = openPages(frontier).filter(({ url }) => !at.inFlight.has(url));
  const all = (why: Wait['why'], detail: string): Wait[] =>
    open.length === 0 ? [] : [{ why, pages: open.length, detail, host: null, until: null }];
  if (status === 'done') return all('budget', 'the job is done: its budget was used up');
  if (status !== 'running')
    return all(
      'not-running',
      `the job is ${status === 'error' ? 'stopped by an error' : status}${reason ? ` (${reason})` : ''}`,
    );
  if (!at.isLed) return all('nobody-runs-it', 'no coordinator holds the job');
  const budget = spentBudget(frontier, at);
  if (budget !== null) return all('budget', budget);
  const due = open.filter((entry) => entry.dueAt > at.now);
  return [
    ...retries(due, failures),
    ...hosts(
      frontier,
      open.filter((entry) => entry.dueAt <= at.now),
      at,
    ),
  ];
}

function openPages(frontier: Frontier): Entry[] {
  const open: Entry[] = [];
  const { discovered } = frontier.counts;
  for (let i = 0; i < discovered; i++) {
    const entry = frontier.entryAt(i)!;
    if (entry.outcome === 'open') open.push(entry);
  }
  return open;
}

function spentBudget({ counts, receivedBytes, state }: Frontier, { now, inFlight }: Now): string | null {
  const { maxPages, maxBytes, maxDurationMs } = state!.spec.scope;
  const { ranMs, runningSince } = state!;
  if (maxPages !== undefined && counts.fetched + counts.failed + inFlight.size >= maxPages)
    return `scope.maxPages is ${maxPages}: what is in flight fills it`;
  if (maxBytes !== undefined && receivedBytes >= maxBytes) return `scope.maxBytes (${maxBytes}) is used up`;
  if (maxDurationMs !== undefined && ranMs + now - (runningSince ?? now) >= maxDurationMs)
    return `scope.maxDurationMs (${maxDurationMs}) is used up`;
  return null;
}

function retries(due: Entry[], failures: FailureLedger): Wait[] {
  if (due.length === 0) return [];
  const codes = new Set(due.map(({ index }) => failures.waitingFor(index) ?? 'unknown'));
  const first = Math.min(...due.map(({ dueAt }) => dueAt));
  const detail = `the next try is not due yet, after ${[...codes].join(', ')}`;
  return [{ why: 'retry-due', pages: due.length, detail, host: null, until: iso(first) }];
}

function hosts(frontier: Frontier, open: Entry[], { now, inFlight }: Now): Wait[] {
  const byHost = new Map<string, number>();
  for (const { url } of open) byHost.set(hostOf(url), (byHost.get(hostOf(url)) ?? 0) + 1);
  const most = [...byHost].sort(([, a], [, b]) => b - a);
  const waits = most
    .slice(0, HOSTS)
    .map(([host, pages]) => ({ pages, host, ...whyOf(frontier, host, now, inFlight) }));
  const rest = most.slice(HOSTS).reduce((sum, [, pages]) => sum + pages, 0);
  if (rest === 0) return waits;
  const detail = `${most.length - HOSTS} more hosts, each at its own pace`;
  return [...waits, { why: 'pace', pages: rest, detail, host: null, until: null }];
}

function whyOf(
  frontier: Frontier,
  host: string,
  now: number,
  inFlight: ReadonlySet<string>,
): Pick<Wait, 'why' | 'detail' | 'until'> {
  const { politeness } = frontier.state!.spec;
  const slowed = frontier.hosts.slowedUntil.get(host) ?? 0;
  if (slowed > now)
    return { why: 'host-asked', detail: `${host} asked to be left alone for a while`, until: iso(slowed) };
  const delay = frontier.hosts.crawlDelays.get(host) ?? 0;
  if (delay > politeness.delayMs)
    return {
      why: 'crawl-delay',
      detail: `robots.txt of ${host} asks for ${delay} ms between requests`,
      until: null,
    };
  if (!frontier.hosts.met.has(host))
    return {
      why: 'robots-unknown',
      detail: `one request at a time until robots.txt of ${host} is known`,
      until: null,
    };
  const flying = [...inFlight].filter((url) => hostOf(url) === host).length;
  const { perHost, delayMs, concurrency } = politeness;
  const detail = `${host} has ${flying} of ${perHost} requests at once, ${delayMs} ms apart; ${inFlight.size} of ${concurrency} in all`;
  return { why: 'pace', detail, until: null };
}

const iso = (ms: number): string => new Date(ms).toISOString();
