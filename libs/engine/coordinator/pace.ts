import { hostOf } from '#libs/events';
import type { Entry, Frontier } from '#libs/job';
import { HostQueue, type HostRules } from './host-queue.js';
import type { Hosts } from './hosts.js';
import { TimeQueue } from './time-queue.js';

enum Place {
  None,
  Queued,
  Waiting,
  InFlight,
}

interface Flight {
  host: string;
  run: number;
  try: number;
  /** When it was released, or first found in the queue. */
  since: number;
}

/**
 * Which open page may be requested next, and when: queues by host, retries by due time, what is in flight. It holds no truth;
 * everything here is found again from the frontier and from what lies in the fetch queue. Hosts are paced with all other jobs of
 * the shard. Times are monotonic ms.
 */
export class Pace implements HostRules {
  /** The longest in flight first. */
  readonly flights = new Map<number, Flight>();
  private hosts = new Map<string, HostQueue>();
  private ready: HostQueue[] = [];
  private delayed = new TimeQueue<HostQueue>();
  private waiting = new TimeQueue<number>();
  /** Of each page, by index. */
  private place = new Uint8Array(64);
  queued = 0;

  constructor(
    private readonly frontier: Frontier,
    private readonly shared: Hosts,
  ) {}

  get waitingCount(): number {
    return this.waiting.size;
  }

  /** Since when the longest has been in flight; Infinity when nothing is. */
  get longestSince(): number {
    for (const { since } of this.flights.values()) return since;
    return Infinity;
  }

  /** Hosts that are held back now, and until the last of them may be requested. */
  delays(now: number): { hosts: number; longestMs: number } {
    let hosts = 0;
    let longestMs = 0;
    for (const { shared, length } of this.hosts.values()) {
      if (length === 0 || shared.nextAt <= now) continue;
      hosts++;
      longestMs = Math.max(longestMs, shared.nextAt - now);
    }
    return { hosts, longestMs };
  }

  /** Next moment at which something may become releasable without any event. */
  get nextWake(): number {
    return Math.min(this.delayed.earliest, this.waiting.earliest);
  }

  /** Whether `take` may find anything. */
  isDue(now: number): boolean {
    return this.ready.length > 0 || this.nextWake <= now;
  }

  /** Takes in pages that the fold opened. @param wall server-like wall clock, for due times */
  absorb(pages: readonly number[], now: number, wall: number): void {
    this.makePlace();
    for (const index of pages) {
      if (!this.frontier.isOpen(index) || this.place[index] !== Place.None) continue;
      const entry = this.frontier.entryAt(index)!;
      const wait = this.waitOf(entry, wall);
      if (wait > 0) {
        this.place[index] = Place.Waiting;
        this.waiting.push(now + wait, index);
      } else this.enqueue(entry, now);
    }
  }

  private makePlace(): void {
    const { discovered } = this.frontier.counts;
    if (discovered <= this.place.length) return;
    const wider = new Uint8Array(Math.max(discovered, this.place.length * 2));
    wider.set(this.place);
    this.place = wider;
  }

  /**
   * The next entry that may go out now, marked as in flight; null when none may.
   * @param reopenedOnly only pages that somebody asked for again
   */
  take(now: number, wall: number, reopenedOnly = false): Entry | null {
    for (let due = this.waiting.popDue(now); due !== undefined; due = this.waiting.popDue(now)) {
      // Found in the fetch queue meanwhile: what stands here of it is out of date.
      if (this.place[due] !== Place.Waiting) continue;
      this.place[due] = Place.None;
      this.absorb([due], now, wall);
    }
    for (let host = this.delayed.popDue(now); host; host = this.delayed.popDue(now)) {
      host.listed = false;
      this.list(host, now);
    }
    const passedOver: HostQueue[] = [];
    try {
      return this.nextReady(passedOver, now, reopenedOnly);
    } finally {
      for (const host of passedOver) this.list(host, now);
    }
  }

  private nextReady(passedOver: HostQueue[], now: number, reopenedOnly: boolean): Entry | null {
    while (this.ready.length > 0) {
      const host = this.ready.shift()!;
      host.listed = false;
      if (reopenedOnly && !host.hasReopened) {
        passedOver.push(host);
        continue;
      }
      if (host.shared.nextAt > now || !host.hasPlace) {
        this.list(host, now);
        continue;
      }
      const index = host.shift();
      if (index === undefined) continue;
      // Found in the fetch queue while it stood here: released again it would be in flight twice.
      if (this.place[index] !== Place.Queued) {
        this.list(host, now);
        continue;
      }
      this.queued--;
      if (this.frontier.isOpen(index)) {
        const entry = this.frontier.entryAt(index)!;
        this.depart(entry, host, now);
        this.list(host, now);
        return entry;
      }
      this.place[index] = Place.None;
      this.list(host, now);
    }
    return null;
  }

  /**
   * A try is over. `entry` is terminal, or open again and to be placed anew.
   * @param tookMs from the request to its end, when there was one
   */
  settle(entry: Entry, now: number, wall: number, tookMs?: number): void {
    const flight = this.flights.get(entry.index);
    if (!flight) return;
    this.land(entry.index, flight, now, tookMs);
    this.absorb([entry.index], now, wall);
  }

  /** Whether the fact `run`/`try` ends the try that is in flight. */
  isFlying(entry: Entry, run: number, tryNo: number): boolean {
    const flight = this.flights.get(entry.index);
    return flight !== undefined && flight.run === run && flight.try === tryNo;
  }

  /** Replaces what is believed to be in flight by what the fetch queue holds; the rest is placed anew. */
  adopt(found: ReadonlyMap<number, { run: number; try: number }>, now: number, wall: number): void {
    for (const [index, flight] of [...this.flights]) {
      if (found.has(index)) continue;
      this.land(index, flight, now);
      this.absorb([index], now, wall);
    }
    this.makePlace();
    for (const [index, { run, try: tryNo }] of found) {
      if (this.flights.has(index) || !this.frontier.isOpen(index)) continue;
      const host = this.hostQueue(hostOf(this.frontier.entryAt(index)!.url));
      if (this.place[index] === Place.Queued) this.queued--;
      this.place[index] = Place.InFlight;
      host.adopt();
      this.flights.set(index, { host: host.host, run, try: tryNo, since: now });
    }
  }

  /** Its robots.txt may be known now, or ask for something else. */
  met(host: string): void {
    this.hosts.get(host)?.agree();
  }

  /** Nothing more goes to a host before `until`. */
  slow(host: string, until: number): void {
    this.hostQueue(host).shared.holdUntil(until);
  }

  /** Nobody knows what was released just before `since`: each host waits its gap from there. */
  restSince(since: number): void {
    for (const host of this.hosts.values()) host.shared.holdUntil(since + host.gap);
  }

  /** The job is led no more: it has no claim on its hosts from here on. */
  leave(now: number): void {
    for (const host of this.hosts.values()) {
      host.leave();
      this.shared.leave(host, now);
    }
    this.shared.tidy(now);
    this.hosts.clear();
  }

  private depart(entry: Entry, host: HostQueue, now: number): void {
    const run = this.frontier.state!.run;
    const tryNo = entry.tryRun === run ? entry.tries + 1 : 1;
    this.place[entry.index] = Place.InFlight;
    host.depart(now);
    this.flights.set(entry.index, { host: host.host, run, try: tryNo, since: now });
  }

  private land(index: number, flight: Flight, now: number, tookMs?: number): void {
    this.flights.delete(index);
    this.place[index] = Place.None;
    this.hostQueue(flight.host).land(now, tookMs);
  }

  private enqueue(entry: Entry, now: number): void {
    this.place[entry.index] = Place.Queued;
    this.queued++;
    const host = this.hostQueue(hostOf(entry.url));
    host.push(entry.index, this.frontier.reopened.has(entry.index));
    this.list(host, now);
  }

  list(host: HostQueue, now: number): void {
    if (host.listed || host.length === 0 || !host.hasPlace) return;
    host.listed = true;
    const { nextAt } = host.shared;
    if (nextAt > now) this.delayed.push(nextAt, host);
    else this.ready.push(host);
  }

  /** One at a time until the host's robots.txt is known, and where it asks for a delay. */
  limitOf(host: string): number {
    const { frontier } = this;
    if (!frontier.hosts.met.has(host) || frontier.hosts.crawlDelays.get(host)) return 1;
    return frontier.state!.spec.politeness.perHost;
  }

  gapOf(host: string): number {
    return Math.max(this.frontier.state!.spec.politeness.delayMs, this.crawlDelayOf(host));
  }

  crawlDelayOf(host: string): number {
    return this.frontier.hosts.crawlDelays.get(host) ?? 0;
  }

  /** Time until a retry is due. Bounded, so that two clocks that disagree cannot hold a page for ever. */
  private waitOf(entry: Entry, wall: number): number {
    return Math.min(Math.max(entry.dueAt - wall, 0), this.frontier.state!.spec.retry.maxMs);
  }

  private hostQueue(host: string): HostQueue {
    let queue = this.hosts.get(host);
    if (!queue) {
      this.hosts.set(host, (queue = new HostQueue(this.shared.of(host), this)));
      this.shared.join(queue);
    }
    return queue;
  }
}
