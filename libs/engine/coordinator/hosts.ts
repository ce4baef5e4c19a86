/** What one job asks of a host and for itself. */
export interface HostClaim {
  readonly shared: SharedHost;
  readonly inFlight: number;
  /** Requests at once. */
  readonly limit: number;
  /** ms between the beginnings of two requests. */
  readonly gap: number;
  /** ms between the end of a request and the beginning of the next; 0 without. */
  readonly crawlDelay: number;
  /** It has something to fetch there. */
  readonly isWanting: boolean;
  /** Takes up what it has to release, if that may go out now or when time has passed. */
  list(now: number): void;
}

/** One host, as all jobs of a shard together treat it: it cannot tell one job's requests from another's. */
export class SharedHost {
  /** Requests of all jobs. */
  inFlight = 0;
  /** Monotonic time before which no job releases anything to it. */
  nextAt = 0;
  readonly claims: HostClaim[] = [];

  constructor(readonly host: string) {}

  /** Requests at once, of all jobs together: what the most generous of those that want something there allows itself. */
  limitFor(asking: HostClaim): number {
    return this.most(asking, (claim) => claim.limit);
  }

  /** ms from the beginning of a request to that of the next: what the most careful of them keeps. */
  gapFor(asking: HostClaim): number {
    return this.most(asking, (claim) => claim.gap);
  }

  /** ms from the end of a request to the beginning of the next; 0 where nobody was told to wait. */
  crawlDelayFor(asking: HostClaim): number {
    return this.most(asking, (claim) => claim.crawlDelay);
  }

  holdUntil(time: number): void {
    this.nextAt = Math.max(this.nextAt, time);
  }

  /** A place became free: whoever waited for one may have it. */
  offer(now: number): void {
    for (const claim of this.claims) claim.list(now);
  }

  /** Jobs that want nothing there now hold nobody back. */
  private most(asking: HostClaim, of: (claim: HostClaim) => number): number {
    let most = of(asking);
    for (const claim of this.claims)
      if (claim !== asking && claim.isWanting) most = Math.max(most, of(claim));
    return most;
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
    claim.shared.claims.push(claim);
    this.resting.delete(claim.shared);
  }

  /** The job is led no more. What it has in flight is not seen from here on. */
  leave(claim: HostClaim, now: number): void {
    const { shared } = claim;
    shared.claims.splice(shared.claims.indexOf(claim), 1);
    shared.inFlight -= claim.inFlight;
    if (shared.claims.length === 0) this.resting.add(shared);
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
