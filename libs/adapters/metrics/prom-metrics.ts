import { collectDefaultMetrics, Registry } from 'prom-client';
import { catalogue, type EventType } from '#libs/events';
import { failures, type FailureCode } from '#libs/failures';
import type { HealthReport } from '#libs/engine/health';
import type { CoordinatorReading, FetchOutcome, Metrics, WorkerReading } from '#libs/engine/ports';
import { instruments, type Instruments } from './instruments.js';
import { readCoordinators, readHealth, readWorkers } from './readings.js';

export interface ApiRequest {
  method: string;
  /** The pattern of the route, never the path as it was asked for. */
  route: string;
  status: number;
  ms: number;
}

/** Counts for Prometheus. What can be read at any moment is read when somebody asks; only what passes is counted as it passes. */
export class PromMetrics implements Metrics {
  private readonly registry = new Registry();
  private readonly to: Instruments = instruments(this.registry);
  private readonly readers: (() => void)[] = [];

  readonly contentType: string = this.registry.contentType;

  constructor() {
    // The first failure stops its job, so there is no second; and a rise is seen only of what was 0 before.
    for (const [code, { stopsJob }] of Object.entries(failures))
      if (stopsJob) this.to.proxyFailures.inc({ code }, 0);
  }

  /** Process and runtime, too: memory, CPU, garbage collection, delay of the event loop. */
  withProcess(): this {
    collectDefaultMetrics({ register: this.registry });
    return this;
  }

  async text(): Promise<string> {
    for (const read of this.readers) read();
    return this.registry.metrics();
  }

  /** Names of all metrics that the engine itself has. */
  get names(): string[] {
    return this.registry.getMetricsAsArray().map(({ name }) => name);
  }

  watchWorkers(read: () => WorkerReading[]): void {
    this.readers.push(() => readWorkers(this.to, read()));
  }

  watchCoordinators(read: () => CoordinatorReading[]): void {
    this.readers.push(() => readCoordinators(this.to, read()));
  }

  watchHealth(read: () => HealthReport | null): void {
    this.readers.push(() => readHealth(this.to, read()));
  }

  eventStored(type: EventType, ms: number): void {
    this.to.events.inc({ type });
    this.to.publish.observe({ family: catalogue[type].family }, ms / 1000);
  }

  logRefused(): void {
    this.to.refused.inc();
  }

  fetchEnded(outcome: FetchOutcome): void {
    const { durationMs, ttfbMs } = outcome.timing;
    const kind = outcome.ok ? 'answered' : 'failed';
    const code = outcome.ok ? `${Math.floor(outcome.statusCode / 100)}xx` : outcome.code;
    this.to.fetches.inc({ outcome: kind, code });
    this.to.fetch.observe({ outcome: kind }, durationMs / 1000);
    if (ttfbMs !== undefined) this.to.ttfb.observe(ttfbMs / 1000);
    if (outcome.ok) this.to.received.inc(outcome.receivedBytes);
  }

  pageRetried(code: string): void {
    this.to.retries.inc({ code });
  }

  pageParsed(ms: number): void {
    this.to.parse.observe(ms / 1000);
  }

  slotWaited(ms: number): void {
    this.to.slotWait.observe(ms / 1000);
  }

  proxyFailed(code: FailureCode): void {
    this.to.proxyFailures.inc({ code });
  }

  leaseChanged(shard: number, change: 'taken' | 'lost'): void {
    this.to.leaseChanges.inc({ shard, change });
  }

  batchCommitted(events: number, ms: number): void {
    this.to.projected.inc(events);
    this.to.commit.observe(ms / 1000);
  }

  apiAnswered({ method, route, status, ms }: ApiRequest): void {
    this.to.api.observe({ method, route, status }, ms / 1000);
  }
}
