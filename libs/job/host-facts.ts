import { hostOf } from '#libs/events';
import type { JobSpec, PageEvent } from '#libs/events';
import { slowDownOf } from './slow-down.js';

/** What the pages of a job tell about their hosts. A restart of the job forgets none of it. */
export class HostFacts {
  /** Hosts whose robots.txt is known, because a page of theirs has had an outcome. */
  readonly met = new Set<string>();
  /** Delay that robots.txt asks of each host, as honoured, ms. */
  readonly crawlDelays = new Map<string, number>();
  /** Hosts that asked to slow down: host → server time until which nothing is released. */
  readonly slowedUntil = new Map<string, number>();

  /** Of an outcome. */
  meet({ data }: PageEvent): void {
    const host = hostOf(data.url);
    this.met.add(host);
    const delay = 'robots' in data ? data.robots?.crawlDelayHonouredMs : undefined;
    if (delay !== undefined) this.crawlDelays.set(host, delay);
  }

  slow(event: PageEvent, retry: JobSpec['retry']): void {
    const slowDown = slowDownOf(event, retry);
    if (slowDown) this.slowedUntil.set(slowDown.host, event.storedAt + slowDown.ms);
  }
}
