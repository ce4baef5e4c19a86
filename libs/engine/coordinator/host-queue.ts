import type { Entry } from '#libs/job';

/** What waits for one host, and how it is paced. */
export class HostQueue {
  inFlight = 0;
  /** Monotonic time before which nothing is released. */
  nextAt = 0;
  /** It stands in the ring of ready hosts or among the delayed ones. */
  listed = false;
  private entries: Entry[] = [];
  private head = 0;

  constructor(readonly host: string) {}

  get length(): number {
    return this.entries.length - this.head;
  }

  push(entry: Entry): void {
    this.entries.push(entry);
  }

  shift(): Entry | undefined {
    const entry = this.entries[this.head++];
    if (this.head > 1024 && this.head * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
    return entry;
  }
}
