/** How one job would have a host treated. */
export interface HostTerms {
  /** Requests at once. */
  readonly limit: number;
  /** ms between the beginnings of two requests. */
  readonly gap: number;
  /** ms between the end of a request and the beginning of the next; 0 without. */
  readonly crawlDelay: number;
}

/** What one job asks of a host and for itself. */
export interface HostClaim extends HostTerms {
  readonly shared: SharedHost;
  readonly inFlight: number;
  /** Takes up what it has to release, if that may go out now or when time has passed. */
  list(now: number): void;
}

/** One host, as all jobs of a shard together treat it: it cannot tell one job's requests from another's. */
export class SharedHost {
  /** Requests of all jobs. */
  inFlight = 0;
  /** Monotonic time before which no job releases anything to it. */
  nextAt = 0;
  readonly claims = new Set<HostClaim>();
  private readonly limits = new Values();
  private readonly gaps = new Values();
  private readonly crawlDelays = new Values();

  constructor(readonly host: string) {}

  /**
   * A job that wants something there now has these terms in place of its former ones; null: it wants nothing, and holds nobody back.
   * Said, not asked for: with a thousand jobs on a host each question would be a thousand.
   */
  agree(terms: HostTerms | null, former: HostTerms | null): void {
    if (former) {
      this.limits.drop(former.limit);
      this.gaps.drop(former.gap);
      this.crawlDelays.drop(former.crawlDelay);
    }
    if (!terms) return;
    this.limits.add(terms.limit);
    this.gaps.add(terms.gap);
    this.crawlDelays.add(terms.crawlDelay);
  }

  /** Requests at once, of all jobs together: what the most generous of those that want something there allows itself. */
  limitFor(asking: HostClaim): number {
    return Math.max(asking.limit, this.limits.most);
  }

  /** ms from the beginning of a request to that of the next: what the most careful of them keeps. */
  gapFor(asking: HostClaim): number {
    return Math.max(asking.gap, this.gaps.most);
  }

  /** ms from the end of a request to the beginning of the next; 0 where nobody was told to wait. */
  crawlDelayFor(asking: HostClaim): number {
    return Math.max(asking.crawlDelay, this.crawlDelays.most);
  }

  holdUntil(time: number): void {
    this.nextAt = Math.max(this.nextAt, time);
  }

  /** A place became free: whoever waited for one may have it. */
  offer(now: number): void {
    for (const claim of this.claims) claim.list(now);
  }
}

/** Numbers with how often each is there: few different ones, whatever the number of jobs. */
class Values {
  most = -Infinity;
  private readonly counts = new Map<number, number>();

  add(value: number): void {
    this.counts.set(value, (this.counts.get(value) ?? 0) + 1);
    if (value > this.most) this.most = value;
  }

  drop(value: number): void {
    const left = (this.counts.get(value) ?? 0) - 1;
    if (left > 0) this.counts.set(value, left);
    else {
      this.counts.delete(value);
      if (value === this.most) this.most = Math.max(...this.counts.keys());
    }
  }
}

/** The hosts that jobs of one shard crawl, for as long as some job does or one has just been asked. */
export class Hosts {
  private readonly hosts = new Map<string, SharedHost>();
  /** Left by their last job before the next request to them would have been due. */
  private readonly resting = new Set<SharedHost>();

  of(host: string): SharedHost {
    let shared = this.hosts.get(host);
    if (!shared) this.hosts.set(host, (shared = new SharedHost(host)));
    return shared;
  }

  join(claim: HostClaim): void {
    claim.shared.claims.add(claim);
    this.resting.delete(claim.shared);
  }

  /** The job is led no more. What it has in flight is not seen from here on. */
  leave(claim: HostClaim, now: number): void {
    const { shared } = claim;
    shared.claims.delete(claim);
    shared.inFlight -= claim.inFlight;
    if (shared.claims.size === 0) this.resting.add(shared);
    else shared.offer(now);
  }

  /** Forgets hosts that no job crawls and that have had their rest. */
  tidy(now: number): void {
    for (const shared of this.resting) {
      if (shared.nextAt > now) continue;
      this.resting.delete(shared);
      this.hosts.delete(shared.host);
    }
  }
}
