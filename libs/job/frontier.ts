import { fromLink, hostOf, originOf } from '#libs/events';
import type { EventHandlers, PageEvent, StoredEvent } from '#libs/events';
import { openEntry, type Entry, type FrontierCounts, type StageCounts } from './entry.js';
import { countsAsOutcome } from './outcome-rule.js';
import { pageOfRange } from './resolve-spec.js';
import { slowDownOf } from './slow-down.js';
import { evolve, type JobState } from './state.js';
import { UrlTable, type HashKey } from './url-table.js';

/**
 * The fold of one job's whole history: which URLs are known, which of them are open, what has an outcome. Nothing in it knows
 * what is in flight or what time it is. Events must come in the order of the log; one that was folded already is ignored.
 */
export class Frontier {
  state: JobState | null = null;
  seq = 0;
  /** Server time of the event at `seq`. */
  storedAt = 0;
  /** Sequence of the last event that gave a page its outcome. */
  closedAt = 0;
  retries = 0;
  receivedBytes = 0;
  redirects = 0;
  /** Delay that robots.txt asks of each host, as honoured, ms. */
  readonly crawlDelays = new Map<string, number>();
  /** Hosts whose robots.txt is known, because a page of theirs has had an outcome. */
  readonly metHosts = new Set<string>();
  /** Hosts that asked to slow down: host → server time until which nothing is released. */
  readonly slowedUntil = new Map<string, number>();
  /** Pages that have had an outcome and are open again: they come before what is merely open. */
  readonly reopened = new Set<Entry>();

  private entries: Entry[] = [];
  private table: UrlTable;
  private start: string[] = [];
  private rangeEntries: number[] = [];
  private committedPages = 0;
  private closedUpTo = 0;
  private counted = { fetched: 0, failed: 0, skipped: 0 };
  private opened: Entry[] = [];

  constructor(
    readonly jobId: string,
    private readonly hashKey: HashKey,
  ) {
    this.table = new UrlTable(hashKey);
  }

  /** Entries that became open (or due again) since the last call, in the order of their discovery. */
  takeOpened(): Entry[] {
    const opened = this.opened;
    this.opened = [];
    return opened;
  }

  find(url: string): Entry | null {
    const index = this.table.get(url);
    return index === -1 ? null : this.entries[index]!;
  }

  entryAt(index: number): Entry | null {
    return this.entries[index] ?? null;
  }

  get counts(): FrontierCounts {
    const { fetched, failed, skipped } = this.counted;
    const discovered = this.entries.length;
    return { discovered, fetched, failed, skipped, open: discovered - fetched - failed - skipped };
  }

  /** The committed page of a paginated job: every page up to it has an outcome. 0 if none, null without a range. */
  get lastPage(): number | null {
    const pages = this.state?.spec.pages;
    if (!pages) return null;
    while (
      this.committedPages < this.rangeEntries.length &&
      this.entries[this.rangeEntries[this.committedPages]!]!.outcome !== 'open'
    )
      this.committedPages++;
    return this.committedPages === 0 ? 0 : pages.from + this.committedPages - 1;
  }

  /** First page of the range without an outcome; null when there is none, or no range. */
  get nextPage(): number | null {
    const { lastPage } = this;
    if (lastPage === null || this.committedPages === this.rangeEntries.length) return null;
    return this.state!.spec.pages!.from + this.committedPages;
  }

  /** The open page that was discovered first, or null. */
  get nextOpen(): Entry | null {
    while (this.entries[this.closedUpTo] && this.entries[this.closedUpTo]!.outcome !== 'open')
      this.closedUpTo++;
    return this.entries[this.closedUpTo] ?? null;
  }

  /** Pages of each stage, in the order of the spec. Looks at every page: not for hot paths. */
  stageCounts(): Record<string, StageCounts> {
    const counts: Record<string, StageCounts> = {};
    for (const { name } of this.state?.spec.stages ?? [])
      counts[name] = { fetched: 0, failed: 0, skipped: 0, open: 0 };
    for (const { stage, outcome } of this.entries)
      (counts[stage] ??= { fetched: 0, failed: 0, skipped: 0, open: 0 })[outcome]++;
    return counts;
  }

  /** Number of a URL in the job's page range, or null. */
  pageNumberOf(entry: Entry): number | null {
    const pages = this.state?.spec.pages;
    const at = pages ? this.rangeEntries.indexOf(entry.index) : -1;
    return pages && at !== -1 ? pages.from + at : null;
  }

  apply(event: StoredEvent): void {
    if (event.seq <= this.seq) return;
    this.seq = event.seq;
    this.storedAt = event.storedAt;
    const handler = handlers[event.type] as (frontier: Frontier, event: StoredEvent) => void;
    handler(this, event);
  }

  /** @internal */ begin(event: StoredEvent<'JobStarted'>): void {
    this.start = event.data.start;
    this.admitStart();
  }

  /** @internal */ restart(): void {
    this.table = new UrlTable(this.hashKey);
    this.entries = [];
    this.opened = [];
    this.rangeEntries = [];
    this.committedPages = 0;
    this.closedUpTo = 0;
    this.counted = { fetched: 0, failed: 0, skipped: 0 };
    this.receivedBytes = 0;
    this.redirects = 0;
    this.retries = 0;
    this.reopened.clear();
    this.admitStart();
  }

  /** @internal */ requeue(urls: string[], run: number): void {
    for (const url of urls) {
      const entry = this.find(url);
      if (!entry) continue;
      if (entry.outcome !== 'open') {
        this.counted[entry.outcome]--;
        this.reopened.add(entry);
      }
      Object.assign(entry, { url, outcome: 'open', attempts: 0, dueAt: 0, requeuedInRun: run });
      this.opened.push(entry);
    }
    this.committedPages = 0;
    this.closedUpTo = 0;
  }

  /** @internal The entry of a page fact that counts, or null. */
  counting(event: PageEvent): Entry | null {
    const { data } = event;
    const entry = this.find(data.url);
    if (!entry || !this.state) return null;
    const counts = countsAsOutcome({
      factGeneration: data.generation,
      factRun: data.run,
      jobGeneration: this.state.generation,
      requeuedInRun: entry.requeuedInRun,
      hasOutcome: entry.outcome !== 'open',
    });
    if (!counts) return null;
    if (data.run > entry.tryRun) Object.assign(entry, { tryRun: data.run, tries: data.try });
    else if (data.run === entry.tryRun) entry.tries = Math.max(entry.tries, data.try);
    return entry;
  }

  /** @internal */ close(entry: Entry, outcome: 'fetched' | 'failed' | 'skipped'): void {
    this.closedAt = this.seq;
    this.reopened.delete(entry);
    entry.outcome = outcome;
    entry.url = '';
    this.counted[outcome]++;
  }

  /** @internal */ wait(entry: Entry, event: StoredEvent<'FetchRetried'>): void {
    entry.attempts = Math.max(
      entry.attempts,
      event.data.burned ? event.data.attempt : event.data.attempt - 1,
    );
    entry.dueAt = event.storedAt + event.data.delayMs;
    this.opened.push(entry);
    this.retries++;
  }

  /** @internal */ admit(url: string, depth: number, stage: string): Entry {
    const index = this.entries.length;
    const known = this.table.getOrAdd(url, index);
    if (known !== index) {
      const entry = this.entries[known]!;
      if (entry.outcome === 'open' && depth < entry.depth) entry.depth = depth;
      return entry;
    }
    const entry = openEntry(index, url, depth, stage);
    this.entries.push(entry);
    this.opened.push(entry);
    return entry;
  }

  private admitStart(): void {
    const { spec } = this.state!;
    const first = spec.stages[0]!.name;
    for (const url of this.start) this.admit(url, 0, first);
    if (!spec.pages) return;
    for (let n = spec.pages.from; n <= spec.pages.to; n++) {
      const url = pageOfRange(spec.pages.template, n);
      if (url !== null) this.rangeEntries.push(this.admit(url, 0, first).index);
    }
  }
}

const decided = (frontier: Frontier, event: Parameters<typeof evolve>[1]): void => {
  frontier.state = evolve(frontier.state, event);
};

function closing(outcome: 'failed' | 'skipped') {
  return (frontier: Frontier, event: StoredEvent<'FetchFailed' | 'PageSkipped'>): void => {
    const entry = frontier.counting(event);
    if (!entry) return;
    meet(frontier, event);
    if (event.type === 'FetchFailed') frontier.redirects += event.data.redirects.length;
    frontier.close(entry, outcome);
  };
}

/** What an outcome tells about its host. */
function meet(frontier: Frontier, { data }: PageEvent): void {
  const host = hostOf(data.url);
  frontier.metHosts.add(host);
  if (!('robots' in data)) return;
  const delay = data.robots?.crawlDelayHonouredMs;
  if (delay !== undefined) frontier.crawlDelays.set(host, delay);
}

function slow(frontier: Frontier, event: PageEvent): void {
  const slowDown = slowDownOf(event, frontier.state!.spec.retry);
  if (slowDown) frontier.slowedUntil.set(slowDown.host, event.storedAt + slowDown.ms);
}

const handlers: EventHandlers<Frontier> = {
  JobStarted: (frontier, event) => {
    decided(frontier, event);
    frontier.begin(event);
  },
  JobPaused: decided,
  JobStopped: decided,
  ProxyFailed: decided,
  JobResumed: decided,
  JobRestarted: (frontier, event) => {
    decided(frontier, event);
    frontier.restart();
  },
  PagesRequeued: (frontier, event) => {
    decided(frontier, event);
    frontier.requeue(event.data.urls, event.data.run);
  },
  JobCompleted: decided,
  JobForked: decided,
  JobImported: decided,
  ReextractionStarted: decided,
  ReextractionCompleted: decided,
  // Of a page that is known, and says nothing about it.
  ItemsReextracted: () => undefined,
  JobRemoved: decided,
  PageFetched: (frontier, event) => {
    const { data } = event;
    const entry = frontier.counting(event);
    if (!entry) return;
    meet(frontier, event);
    slow(frontier, event);
    frontier.receivedBytes += data.receivedBytes;
    frontier.redirects += data.redirects.length;
    frontier.close(entry, 'fetched');
    const origin = originOf(data.finalUrl);
    for (const [stage, links] of Object.entries(data.links.follow))
      for (const link of links) frontier.admit(fromLink(link, origin), data.depth + 1, stage);
  },
  FetchFailed: closing('failed'),
  PageSkipped: closing('skipped'),
  FetchRetried: (frontier, event) => {
    const entry = frontier.counting(event);
    if (!entry) return;
    slow(frontier, event);
    frontier.wait(entry, event);
  },
};
