import {
  canonicalUrl,
  catalogue,
  isUnreadable,
  type BatchUrl,
  type JobEvent,
  type LogEntry,
  type ScrapeBatch,
  type StoredEvent,
} from '#libs/events';
import { countsAsOutcome, evolve, type JobState } from '#libs/job';

/** A fact that ends a page. */
export type Ending = StoredEvent<'PageFetched' | 'FetchFailed' | 'PageSkipped'>;

interface Page {
  indices: number[];
  ending: Ending | null;
  requeuedInRun: number;
}

/** A batch as its job's history tells it, event by event. */
export class BatchFold {
  state: JobState | null = null;
  batch: ScrapeBatch | null = null;
  /** Of the decision that gave it its status. */
  statusSeq = 0;
  /** Copied with a history: it was asked for, and counted, elsewhere. */
  isCopy = false;
  private readonly pages = new Map<string, Page>();

  /** @returns places in the batch that have their outcome by this event */
  apply(entry: LogEntry): number[] {
    if (isUnreadable(entry)) return [];
    if (entry.type === 'PageFetched' || entry.type === 'FetchFailed' || entry.type === 'PageSkipped')
      return this.end(entry);
    if (!isDecision(entry)) return [];
    if (entry.type === 'JobStarted') return this.begin(entry);
    if (entry.type === 'PagesRequeued') this.reopen(entry.data.urls, entry.data.run);
    if (entry.type === 'JobRestarted') this.reopen([...this.pages.keys()], 0);
    this.decide(entry);
    return [];
  }

  /** What ended a URL; null while nothing has, and for what was refused at once. */
  endingOf(index: number): Ending | null {
    const url = this.batch?.urls[index];
    return url && !url.refused ? (this.pages.get(keyOf(url))?.ending ?? null) : null;
  }

  hasOutcome(index: number): boolean {
    return this.batch?.urls[index]?.refused !== undefined || this.endingOf(index) !== null;
  }

  get completed(): number {
    return (this.batch?.urls ?? []).filter((_, index) => this.hasOutcome(index)).length;
  }

  /** Nobody is going to fetch more of it, as things are. */
  get isOver(): boolean {
    return this.state !== null && this.state.status !== 'running' && this.state.status !== 'paused';
  }

  private decide(event: JobEvent): void {
    const before = this.state?.status;
    this.state = evolve(this.state, event);
    if (this.state.status !== before) this.statusSeq = event.seq;
  }

  private begin(event: StoredEvent<'JobStarted'>): number[] {
    this.decide(event);
    this.batch = event.data.scrape ?? null;
    this.isCopy = event.data.copiedFrom !== undefined;
    const refused: number[] = [];
    (this.batch?.urls ?? []).forEach((url, index) => {
      if (url.refused) return void refused.push(index);
      const page = this.pages.get(keyOf(url)) ?? { indices: [], ending: null, requeuedInRun: 0 };
      page.indices.push(index);
      this.pages.set(keyOf(url), page);
    });
    return refused;
  }

  private end(event: Ending): number[] {
    const page = this.pages.get(event.data.url);
    if (!page || !this.state) return [];
    const counts = countsAsOutcome({
      ...{ factGeneration: event.data.generation, factRun: event.data.run },
      ...{ jobGeneration: this.state.generation, requeuedInRun: page.requeuedInRun },
      hasOutcome: page.ending !== null,
    });
    if (!counts) return [];
    page.ending = event;
    return page.indices;
  }

  private reopen(urls: readonly string[], run: number): void {
    for (const url of urls) {
      const page = this.pages.get(url);
      if (page) Object.assign(page, { ending: null, requeuedInRun: run });
    }
  }
}

const isDecision = (event: StoredEvent): event is JobEvent => catalogue[event.type].family === 'job';

/** Two ways of writing a URL are one page of the job. */
const keyOf = ({ url }: BatchUrl): string => canonicalUrl(url) ?? url;
