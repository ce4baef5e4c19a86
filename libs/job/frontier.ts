import { isOfOrigin, originOf } from '#libs/events';
import type { EventHandlers, PageEvent, StoredEvent } from '#libs/events';
import type { Entry, FrontierCounts, StageCounts } from './entry.js';
import { HostFacts } from './host-facts.js';
import { countsAsOutcome } from './outcome-rule.js';
import { PageList } from './page-list.js';
import { RangeProgress } from './range-progress.js';
import { pageOfRange } from './resolve-spec.js';
import { evolve, type JobState } from './state.js';
import type { HashKey } from './url-hasher.js';
import { UrlTable } from './url-table.js';

const NONE: number[] = [];

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
  readonly hosts = new HostFacts();
  /** Pages that have had an outcome and are open again: they come before what is merely open. */
  readonly reopened = new Set<number>();

  private pages = new PageList();
  private table: UrlTable;
  private start: string[] = [];
  private range = new RangeProgress(this.pages);
  private closedUpTo = 0;
  private counted = { fetched: 0, failed: 0, skipped: 0 };
  private opened = NONE;

  constructor(
    readonly jobId: string,
    private readonly hashKey: HashKey,
  ) {
    this.table = new UrlTable(hashKey);
  }

  /** Pages (by index) that became open or due again since the last call, in the order of their discovery. */
  takeOpened(): readonly number[] {
    const opened = this.opened;
    this.opened = NONE;
    return opened;
  }

  find(url: string): Entry | null {
    const index = this.table.get(url);
    return index === -1 ? null : this.pages.entry(index);
  }

  entryAt(index: number): Entry | null {
    return index < this.pages.size ? this.pages.entry(index) : null;
  }

  /** Indices of all open pages, in the order of their discovery. */
  openPages(): number[] {
    const open: number[] = [];
    for (let i = 0; i < this.pages.size; i++) if (this.pages.isOpen(i)) open.push(i);
    return open;
  }

  isOpen(index: number): boolean {
    return this.pages.isOpen(index);
  }

  get counts(): FrontierCounts {
    const { fetched, failed, skipped } = this.counted;
    const discovered = this.pages.size;
    return { discovered, fetched, failed, skipped, open: discovered - fetched - failed - skipped };
  }

  /** The committed page of a paginated job: every page up to it has an outcome. 0 if none, null without a range. */
  get lastPage(): number | null {
    const pages = this.state?.spec.pages;
    if (!pages) return null;
    const { committed } = this.range;
    return committed === 0 ? 0 : pages.from + committed - 1;
  }

  /** First page of the range without an outcome; null when there is none, or no range. */
  get nextPage(): number | null {
    const pages = this.state?.spec.pages;
    return !pages || this.range.isComplete ? null : pages.from + this.range.committed;
  }

  /** The open page that was discovered first, or null. */
  get nextOpen(): Entry | null {
    while (this.closedUpTo < this.pages.size && !this.pages.isOpen(this.closedUpTo)) this.closedUpTo++;
    return this.entryAt(this.closedUpTo);
  }

  /** Pages of each stage, in the order of the spec. Looks at every page: not for hot paths. */
  stageCounts(): Record<string, StageCounts> {
    const counts: Record<string, StageCounts> = {};
    for (const { name } of this.state?.spec.stages ?? [])
      counts[name] = { fetched: 0, failed: 0, skipped: 0, open: 0 };
    for (let i = 0; i < this.pages.size; i++)
      (counts[this.pages.stage(i)] ??= { fetched: 0, failed: 0, skipped: 0, open: 0 })[
        this.pages.outcome(i)
      ]++;
    return counts;
  }

  /** Number of a URL in the job's page range, or null. */
  pageNumberOf(entry: Entry): number | null {
    const pages = this.state?.spec.pages;
    const place = pages ? this.range.placeOf(entry.index) : -1;
    return pages && place !== -1 ? pages.from + place : null;
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
    this.pages = new PageList();
    this.opened = NONE;
    this.range = new RangeProgress(this.pages);
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
      const index = this.table.get(url);
      if (index === -1) continue;
      const outcome = this.pages.outcome(index);
      if (outcome !== 'open') {
        this.counted[outcome]--;
        this.reopened.add(index);
      }
      this.pages.reopen(index, url);
      this.pages.note(index, { attempts: 0, dueAt: 0, requeuedInRun: run });
      this.open(index);
    }
    this.range.recount();
    this.closedUpTo = 0;
  }

  /** @internal Index of the page of a fact that counts, or -1. */
  counting({ data }: PageEvent): number {
    const index = this.table.get(data.url);
    if (index === -1 || !this.state) return -1;
    const counts = countsAsOutcome({
      factGeneration: data.generation,
      factRun: data.run,
      jobGeneration: this.state.generation,
      requeuedInRun: this.pages.notesOf(index).requeuedInRun,
      hasOutcome: !this.pages.isOpen(index),
    });
    return counts ? index : -1;
  }

  /** @internal */ close(index: number, outcome: 'fetched' | 'failed' | 'skipped'): void {
    this.closedAt = this.seq;
    this.reopened.delete(index);
    this.pages.close(index, outcome);
    this.counted[outcome]++;
  }

  /** @internal */ wait(index: number, { data, storedAt }: StoredEvent<'FetchRetried'>): void {
    const { attempts, tries, tryRun } = this.pages.notesOf(index);
    this.pages.note(index, {
      attempts: Math.max(attempts, data.burned ? data.attempt : data.attempt - 1),
      dueAt: storedAt + data.delayMs,
      ...(data.run > tryRun && { tryRun: data.run, tries: data.try }),
      ...(data.run === tryRun && { tries: Math.max(tries, data.try) }),
    });
    this.open(index);
    this.retries++;
  }

  /** Makes the page `origin + rest` known. @returns its index */
  private admit(origin: string, rest: string, depth: number, stage: string): number {
    const fresh = this.pages.size;
    const index = this.table.getOrAdd(origin, rest, fresh);
    if (index === fresh) {
      this.pages.push(origin, rest, depth, stage);
      this.open(index);
    } else this.pages.lowerDepth(index, depth);
    return index;
  }

  /** @internal The same for the links of a page: paths of `origin`, or whole URLs. */
  admitAll(origin: string, links: readonly string[], depth: number, stage: string): void {
    const { pages } = this;
    const found = this.table.getOrAddAll(origin, links, pages.size);
    for (let i = 0; i < links.length; i++) {
      const index = found[i]!;
      const link = links[i]!;
      if (index < pages.size) pages.lowerDepth(index, depth);
      else this.open(pages.push(isOfOrigin(link) ? origin : '', link, depth, stage));
    }
  }

  private open(index: number): void {
    if (this.opened === NONE) this.opened = [];
    this.opened.push(index);
  }

  private admitStart(): void {
    const { spec } = this.state!;
    const first = spec.stages[0]!.name;
    for (const url of this.start) this.admit('', url, 0, first);
    if (!spec.pages) return;
    for (let n = spec.pages.from; n <= spec.pages.to; n++) {
      const url = pageOfRange(spec.pages.template, n);
      if (url !== null) this.range.add(this.admit('', url, 0, first));
    }
  }
}

const decided = (frontier: Frontier, event: Parameters<typeof evolve>[1]): void => {
  frontier.state = evolve(frontier.state, event);
};

function closing(outcome: 'failed' | 'skipped') {
  return (frontier: Frontier, event: StoredEvent<'FetchFailed' | 'PageSkipped'>): void => {
    const index = frontier.counting(event);
    if (index === -1) return;
    frontier.hosts.meet(event);
    if (event.type === 'FetchFailed') frontier.redirects += event.data.redirects.length;
    frontier.close(index, outcome);
  };
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
    const index = frontier.counting(event);
    if (index === -1) return;
    frontier.hosts.meet(event);
    frontier.hosts.slow(event, frontier.state!.spec.retry);
    frontier.receivedBytes += data.receivedBytes;
    frontier.redirects += data.redirects.length;
    frontier.close(index, 'fetched');
    const origin = originOf(data.finalUrl);
    for (const [stage, links] of Object.entries(data.links.follow))
      frontier.admitAll(origin, links, data.depth + 1, stage);
  },
  FetchFailed: closing('failed'),
  PageSkipped: closing('skipped'),
  FetchRetried: (frontier, event) => {
    const index = frontier.counting(event);
    if (index === -1) return;
    frontier.hosts.slow(event, frontier.state!.spec.retry);
    frontier.wait(index, event);
  },
};
