import type { Entry } from '#libs/job';

/** What waits for one host, and how it is paced. */
export class HostQueue {
  inFlight = 0;
  /** Monotonic time before which nothing is released. */
  nextAt = 0;
  /** It stands in the ring of ready hosts or among the delayed ones. */
  listed = false;
  /** Pages that somebody asked for again come before those that are merely open. */
  private readonly reopened = new Line();
  private readonly open = new Line();

  constructor(readonly host: string) {}

  get length(): number {
    return this.reopened.length + this.open.length;
  }

  get hasReopened(): boolean {
    return this.reopened.length > 0;
  }

  push(entry: Entry, isReopened: boolean): void {
    (isReopened ? this.reopened : this.open).push(entry);
  }

  shift(): Entry | undefined {
    return this.reopened.shift() ?? this.open.shift();
  }
}

/** First in, first out, without moving what waits at each step. */
class Line {
  private entries: Entry[] = [];
  private head = 0;

  get length(): number {
    return this.entries.length - this.head;
  }

  push(entry: Entry): void {
    this.entries.push(entry);
  }

  shift(): Entry | undefined {
    if (this.length === 0) return undefined;
    const entry = this.entries[this.head++];
    if (this.head > 1024 && this.head * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
    return entry;
  }
}
