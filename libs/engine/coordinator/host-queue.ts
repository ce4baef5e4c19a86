import type { HostClaim, HostTerms, SharedHost } from './hosts.js';

/** How one job treats its hosts. */
export interface HostRules {
  limitOf(host: string): number;
  gapOf(host: string): number;
  crawlDelayOf(host: string): number;
  list(queue: HostQueue, now: number): void;
}

/** What one job has waiting for one host. */
export class HostQueue implements HostClaim {
  /** Requests of this job. */
  inFlight = 0;
  /** It stands in the ring of ready hosts or among the delayed ones. */
  listed = false;
  /** Pages that somebody asked for again come before those that are merely open. */
  private readonly reopened = new Line();
  private readonly open = new Line();
  /** What the other jobs go by. */
  private agreed: HostTerms | null = null;

  constructor(
    readonly shared: SharedHost,
    private readonly rules: HostRules,
  ) {}

  get host(): string {
    return this.shared.host;
  }

  get limit(): number {
    return this.rules.limitOf(this.host);
  }

  get gap(): number {
    return this.rules.gapOf(this.host);
  }

  get crawlDelay(): number {
    return this.rules.crawlDelayOf(this.host);
  }

  /** Tells the other jobs what this one asks for, whenever that may have changed. */
  agree(): void {
    const { limit, gap, crawlDelay, agreed } = this;
    const isWanting = this.length > 0 || this.inFlight > 0;
    const isSame = agreed?.limit === limit && agreed.gap === gap && agreed.crawlDelay === crawlDelay;
    if (isWanting ? isSame : agreed === null) return;
    this.agreed = isWanting ? { limit, gap, crawlDelay } : null;
    this.shared.agree(this.agreed, agreed);
  }

  /** The job is led no more. */
  leave(): void {
    this.shared.agree(null, this.agreed);
    this.agreed = null;
  }

  /** Whether neither the job's own limit nor that of all jobs is reached. */
  get hasPlace(): boolean {
    return this.inFlight < this.limit && this.shared.inFlight < this.shared.limitFor(this);
  }

  /** One of the job's requests is under way, since when is not known. */
  adopt(): void {
    this.inFlight++;
    this.shared.inFlight++;
    this.agree();
  }

  depart(now: number): void {
    this.adopt();
    this.shared.holdUntil(now + this.shared.gapFor(this));
  }

  /** @param tookMs from the request to its end, when there was one */
  land(now: number, tookMs?: number): void {
    const { shared } = this;
    this.inFlight--;
    shared.inFlight--;
    this.agree();
    // A crawl-delay counts from the end of the last request: whatever a worker's queue adds, the site sees the gap it asked for.
    const crawlDelay = shared.crawlDelayFor(this);
    if (crawlDelay > 0) shared.holdUntil(now + crawlDelay);
    // A worker may have begun later than it was told to, with robots.txt to fetch first; the gap counts from when it did.
    if (tookMs !== undefined) shared.holdUntil(now - tookMs + shared.gapFor(this));
    shared.offer(now);
  }

  list(now: number): void {
    this.rules.list(this, now);
  }

  get length(): number {
    return this.reopened.length + this.open.length;
  }

  get hasReopened(): boolean {
    return this.reopened.length > 0;
  }

  push(page: number, isReopened: boolean): void {
    (isReopened ? this.reopened : this.open).push(page);
    this.agree();
  }

  /** Index of the page that comes next. */
  shift(): number | undefined {
    const page = this.reopened.shift() ?? this.open.shift();
    this.agree();
    return page;
  }
}

/** First in, first out, without moving what waits at each step. */
class Line {
  private pages: number[] = [];
  private head = 0;

  get length(): number {
    return this.pages.length - this.head;
  }

  push(page: number): void {
    this.pages.push(page);
  }

  shift(): number | undefined {
    if (this.length === 0) return undefined;
    const page = this.pages[this.head++];
    if (this.head > 1024 && this.head * 2 > this.pages.length) {
      this.pages = this.pages.slice(this.head);
      this.head = 0;
    }
    return page;
  }
}
