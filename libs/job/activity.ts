import { hostOf, type RobotsVerdict, type StoredEvent } from '#libs/events';

/** What happened in one span of time. Tries count when they were recorded, by the server's clock. */
export interface ActivityPoint {
  /** Beginning of the span, ms since the epoch. */
  at: number;
  fetched: number;
  failed: number;
  skipped: number;
  retried: number;
  /** Bodies over the wire. */
  bytes: number;
  /** Half of the responses took no longer, ms; null without a response. About: within a fifth. */
  p50: number | null;
  p95: number | null;
}

/** What is known of a host from the pages that were fetched there. */
export interface HostActivity {
  host: string;
  fetched: number;
  failed: number;
  skipped: number;
  retried: number;
  bytes: number;
  /** Mean over its responses, ms; null without one. */
  meanMs: number | null;
  /** Server's clock of the last event, ms. */
  lastAt: number;
  /** What robots.txt asked for, and what of it is honoured; null where it asks for nothing. */
  crawlDelayMs: number | null;
  crawlDelayHonouredMs: number | null;
  /** The last Retry-After that it sent, ms. */
  retryAfterMs: number | null;
}

/** A place in time at which somebody or something decided. */
export interface ActivityMark {
  at: number;
  seq: number;
  type: StoredEvent['type'];
}

type Counts = Pick<ActivityPoint, 'fetched' | 'failed' | 'skipped' | 'retried' | 'bytes'>;
interface Span extends Counts {
  /** Responses by how long they took: bin i holds those up to 2^(i/2) ms. */
  latency: Uint32Array;
}
type HostSpan = Counts &
  Omit<HostActivity, keyof Counts | 'host' | 'meanMs'> & { ms: number; responses: number };

/** Spans that are kept; one more, and all are made twice as wide. */
const MAX_SPANS = 240;
const FIRST_WIDTH_MS = 1000;
const BINS = 42;
/** Hosts that are told apart; pages of further ones count in the spans alone. */
const MAX_HOSTS = 5000;
const MAX_MARKS = 200;

const nothing = (): Counts => ({ fetched: 0, failed: 0, skipped: 0, retried: 0, bytes: 0 });
const binOf = (ms: number): number => (ms <= 1 ? 0 : Math.min(BINS - 1, Math.ceil(2 * Math.log2(ms))));

/**
 * When what happened, for people who look at charts: a fold of the present generation's events, of a size that does not grow with
 * the job. A page that was asked for again counts each time.
 */
export class JobActivity {
  /** Width of a span, ms. */
  widthMs = FIRST_WIDTH_MS;
  private spans = new Map<number, Span>();
  private readonly hostSpans = new Map<string, HostSpan>();
  marks: ActivityMark[] = [];

  apply(event: StoredEvent): void {
    switch (event.type) {
      case 'JobRestarted':
        this.spans.clear();
        this.hostSpans.clear();
        this.marks = [];
        this.widthMs = FIRST_WIDTH_MS;
        return this.mark(event);
      case 'JobStarted':
      case 'JobPaused':
      case 'JobStopped':
      case 'JobResumed':
      case 'JobForked':
      case 'JobImported':
      case 'JobCompleted':
      case 'PagesRequeued':
      case 'ProxyFailed':
        return this.mark(event);
      case 'PageFetched': {
        const { url, receivedBytes, timing, robots } = event.data;
        return this.count(event.storedAt, url, 'fetched', {
          bytes: receivedBytes,
          ms: timing.durationMs,
          robots,
        });
      }
      case 'FetchFailed':
        return this.count(event.storedAt, event.data.url, 'failed', { robots: event.data.robots });
      case 'PageSkipped':
        return this.count(event.storedAt, event.data.url, 'skipped', { robots: event.data.robots });
      case 'FetchRetried':
        return this.count(event.storedAt, event.data.url, 'retried', {
          retryAfterMs: event.data.retryAfterMs,
        });
    }
  }

  /** In the order of time; spans in which nothing happened are left out. */
  get points(): ActivityPoint[] {
    return [...this.spans]
      .sort(([a], [b]) => a - b)
      .map(([at, { latency, ...counts }]) => ({
        ...{ at, ...counts },
        ...{ p50: quantile(latency, 0.5), p95: quantile(latency, 0.95) },
      }));
  }

  /** The busiest first. @param max hosts wanted */
  hosts(max: number): HostActivity[] {
    const total = ({ fetched, failed, skipped, retried }: Counts): number =>
      fetched + failed + skipped + retried;
    return [...this.hostSpans]
      .sort(([, a], [, b]) => total(b) - total(a))
      .slice(0, max)
      .map(([host, { ms, responses, ...span }]) => ({
        ...{ host, ...span },
        meanMs: responses === 0 ? null : ms / responses,
      }));
  }

  get hostCount(): number {
    return this.hostSpans.size;
  }

  private mark({ storedAt, seq, type }: StoredEvent): void {
    this.marks.push({ at: storedAt, seq, type });
    if (this.marks.length > MAX_MARKS) this.marks.shift();
  }

  private count(
    at: number,
    url: string,
    kind: 'fetched' | 'failed' | 'skipped' | 'retried',
    seen: {
      bytes?: number;
      ms?: number;
      robots?: RobotsVerdict | undefined;
      retryAfterMs?: number | undefined;
    },
  ): void {
    const { bytes = 0, ms, robots, retryAfterMs } = seen;
    const span = this.spanAt(at);
    span[kind]++;
    span.bytes += bytes;
    if (ms !== undefined) span.latency[binOf(ms)]!++;
    const host = this.hostAt(hostOf(url), at);
    if (!host) return;
    host[kind]++;
    host.bytes += bytes;
    host.lastAt = at;
    if (ms !== undefined) [host.ms, host.responses] = [host.ms + ms, host.responses + 1];
    if (robots) {
      host.crawlDelayMs = robots.crawlDelayMs ?? null;
      host.crawlDelayHonouredMs = robots.crawlDelayHonouredMs ?? null;
    }
    if (retryAfterMs !== undefined) host.retryAfterMs = retryAfterMs;
  }

  private hostAt(host: string, at: number): HostSpan | undefined {
    const found = this.hostSpans.get(host);
    if (found || this.hostSpans.size >= MAX_HOSTS) return found;
    const unknown = { crawlDelayMs: null, crawlDelayHonouredMs: null, retryAfterMs: null };
    const fresh: HostSpan = { ...nothing(), ...unknown, ms: 0, responses: 0, lastAt: at };
    this.hostSpans.set(host, fresh);
    return fresh;
  }

  private spanAt(at: number): Span {
    const key = Math.floor(at / this.widthMs) * this.widthMs;
    const found = this.spans.get(key);
    if (found) return found;
    if (this.spans.size >= MAX_SPANS) {
      this.widen();
      return this.spanAt(at);
    }
    const fresh: Span = { ...nothing(), latency: new Uint32Array(BINS) };
    this.spans.set(key, fresh);
    return fresh;
  }

  private widen(): void {
    this.widthMs *= 2;
    const wider = new Map<number, Span>();
    for (const [at, span] of this.spans) {
      const key = Math.floor(at / this.widthMs) * this.widthMs;
      const into = wider.get(key);
      if (!into) {
        wider.set(key, span);
        continue;
      }
      for (const name of ['fetched', 'failed', 'skipped', 'retried', 'bytes'] as const)
        into[name] += span[name];
      span.latency.forEach((count, bin) => (into.latency[bin]! += count));
    }
    this.spans = wider;
  }
}

function quantile(latency: Uint32Array, share: number): number | null {
  const total = latency.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let [bin, seen] = [-1, 0];
  while (seen < total * share) seen += latency[++bin]!;
  // The middle of the bin, as ratios go.
  return bin <= 0 ? 1 : 2 ** (bin / 2 - 0.25);
}
