import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { HiveEnd, HiveMetrics } from '#libs/engine/ports';
import { hiveCodes, type HiveCode } from '#libs/hive';

const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 40, 60, 120];
const CHARS = [1e3, 1e4, 1e5, 5e5, 1e6, 5e6, 1e7];

/** A worker at the moment of the question. */
export interface HiveReading {
  scope: string;
  totalContexts: number;
  activeRequests: number;
  availableSlots: number;
  /** A browser can be started. */
  browser: boolean;
}

export interface ScopeReading {
  name: string;
  totalWorkers: number;
  totalSlots: number;
  availableSlots: number;
}

const labelOf = (end: HiveEnd): string =>
  end === 'cancelled' ? 'CANCELLED' : hiveCodes[end].name.replace('ERROR_CODE_', '');

/** The browser service for Prometheus, by the names that its dashboards have; scopes are few, and so are codes. */
export class HivePromMetrics implements HiveMetrics {
  private readonly registry = new Registry();
  private readonly readers: (() => void)[] = [];
  private readonly total = this.gauge(
    'browser_hive_worker_total_contexts',
    'Browser contexts that there are',
  );
  private readonly busy = this.gauge('browser_hive_worker_active_contexts', 'Contexts that are at work');
  private readonly free = this.gauge('browser_hive_worker_available_slots', 'Requests that could begin now');
  private readonly requests = this.counter(
    'browser_hive_worker_requests_total',
    'Requests that were answered',
    ['scope'],
  );
  private readonly failures = this.counter(
    'browser_hive_worker_requests_failed',
    'Requests that were answered by an error, by its code; CANCELLED: nobody waited any more',
    ['scope', 'error_code'],
  );
  private readonly duration = this.histogram(
    'browser_hive_worker_request_duration_seconds',
    'From the request to its answer',
    SECONDS,
    ['scope', 'error_code'],
  );
  private readonly navigation = this.histogram(
    'browser_hive_worker_navigation_seconds',
    "Until a document's first byte",
    SECONDS,
    ['scope'],
  );
  private readonly content = this.histogram(
    'browser_hive_worker_content_chars',
    'Length of the content that was handed over',
    CHARS,
    ['scope'],
  );
  private readonly opened = this.counter(
    'browser_hive_worker_contexts_created_total',
    'Contexts that were made',
    ['scope'],
  );
  private readonly gone = this.counter(
    'browser_hive_worker_contexts_recycled_total',
    'Contexts that went, by reason',
    ['scope', 'reason'],
  );
  private readonly lost = this.counter('browser_hive_worker_browsers_lost_total', 'Browsers that died', [
    'scope',
  ]);
  private readonly answered = this.histogram(
    'browser_hive_coordinator_request_duration_seconds',
    'From the request to its answer, retries included',
    SECONDS,
    ['scope', 'error_code'],
  );
  private readonly retries = this.counter(
    'browser_hive_coordinator_retries_total',
    'Requests that were given to another worker',
    ['scope'],
  );
  private readonly findings = new Gauge({
    name: 'spoor_health_finding',
    help: '1 for each thing that health finds wrong, else 0',
    labelNames: ['code', 'severity'],
    registers: [this.registry],
  });
  private readonly workers = this.gauge('browser_hive_coordinator_workers', 'Workers that are heard');
  private readonly slots = this.gauge(
    'browser_hive_coordinator_slots',
    'Slots of all workers that are heard',
  );
  private readonly freeSlots = this.gauge(
    'browser_hive_coordinator_available_slots',
    'Of them, those that are free',
  );

  readonly contentType: string = this.registry.contentType;

  /** Process and runtime, too. */
  withProcess(): this {
    collectDefaultMetrics({ register: this.registry });
    return this;
  }

  get names(): string[] {
    return this.registry.getMetricsAsArray().map(({ name }) => name);
  }

  async text(): Promise<string> {
    for (const read of this.readers) read();
    return this.registry.metrics();
  }

  watch(workers: () => HiveReading[], coordinator: { figures: { scopes: ScopeReading[] } } | null): void {
    // A rise is seen only of what was 0 before.
    for (const { scope } of workers())
      for (const code of Object.keys(hiveCodes) as HiveCode[])
        if (code !== 'none') this.failures.inc({ scope, error_code: labelOf(code) }, 0);
    for (const { scope } of workers()) this.failures.inc({ scope, error_code: labelOf('cancelled') }, 0);
    this.readers.push(() => {
      const lacking = workers().some(({ browser }) => !browser);
      this.findings.set({ code: 'no_browser', severity: 'failing' }, lacking ? 1 : 0);
      for (const { scope, totalContexts, activeRequests, availableSlots } of workers()) {
        this.total.set({ scope }, totalContexts);
        this.busy.set({ scope }, activeRequests);
        this.free.set({ scope }, availableSlots);
      }
      for (const { name: scope, totalWorkers, totalSlots, availableSlots } of coordinator?.figures.scopes ??
        []) {
        this.workers.set({ scope }, totalWorkers);
        this.slots.set({ scope }, totalSlots);
        this.freeSlots.set({ scope }, availableSlots);
      }
    });
  }

  scraped(scope: string, end: HiveEnd, ms: number): void {
    this.requests.inc({ scope });
    if (end !== 'none') this.failures.inc({ scope, error_code: labelOf(end) });
    this.duration.observe({ scope, error_code: labelOf(end) }, ms / 1000);
  }

  navigated(scope: string, ms: number): void {
    this.navigation.observe({ scope }, ms / 1000);
  }

  contentRead(scope: string, chars: number): void {
    this.content.observe({ scope }, chars);
  }

  contextOpened(scope: string): void {
    this.opened.inc({ scope });
  }

  contextRecycled(scope: string, reason: string): void {
    this.gone.inc({ scope, reason });
  }

  browserLost(scope: string): void {
    this.lost.inc({ scope });
  }

  routed(asked: string, end: HiveEnd, ms: number, attempts: number): void {
    const scope = end === 'scope_not_found' ? '' : asked;
    this.answered.observe({ scope, error_code: labelOf(end) }, ms / 1000);
    if (attempts > 1) this.retries.inc({ scope }, attempts - 1);
  }

  private gauge(name: string, help: string): Gauge<'scope'> {
    return new Gauge({ name, help, labelNames: ['scope'], registers: [this.registry] });
  }

  private counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  private histogram<L extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly L[],
  ): Histogram<L> {
    return new Histogram({ name, help, buckets, labelNames, registers: [this.registry] });
  }
}
