import type { JobEvent, NewJobEvent, NewPageEvent, StoredEvent } from '#libs/events';
import {
  ConflictError,
  type Appended,
  type EventLog,
  type JobReadOptions,
  type LogBatch,
  type LogHead,
  type ReadOptions,
} from '#libs/engine/ports';
import type { Link } from '../link.js';
import { isDecision, WrongSequenceError, type LogServer } from '../servers/log-server.js';

type Filter = (entry: StoredEvent) => boolean;

/** What the adapter does over JetStream, over the simulated server: the port's promises, with every delay and loss on the way. */
export class SimulatedEventLog implements EventLog {
  /** Later calls on decisions wait for the watches that were begun before them. */
  private beginning: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly link: Link,
    private readonly server: LogServer,
  ) {}

  async appendJob(event: NewJobEvent, expectedSeq: number): Promise<Appended> {
    await this.beginning;
    try {
      return await this.link.request(`append ${event.type}`, () => this.server.append(event, expectedSeq));
    } catch (error) {
      if (!(error instanceof WrongSequenceError)) throw error;
      const decisions = await this.decisions(event.jobId);
      const stored = decisions.find(({ id }) => id === event.id);
      if (!stored) throw new ConflictError(event.jobId);
      return { seq: stored.seq, duplicate: true };
    }
  }

  publishPage(event: NewPageEvent): Promise<Appended> {
    return this.link.request(`publish ${event.type} ${event.id}`, () => this.server.append(event));
  }

  async readDecisions(jobId: string): Promise<JobEvent[]> {
    await this.beginning;
    return this.decisions(jobId);
  }

  private decisions(jobId: string): Promise<JobEvent[]> {
    return this.link.request('read decisions', () => this.server.decisions(jobId));
  }

  readJob(jobId: string, { type, ...options }: JobReadOptions = {}): AsyncIterable<LogBatch> {
    const filter: Filter = (e) => e.jobId === jobId && (type === undefined || e.type === type);
    return this.read(filter, options);
  }

  readShard(_: number, options: ReadOptions = {}): AsyncIterable<LogBatch> {
    return this.read(() => true, options);
  }

  watchDecisions(shard: number, signal: AbortSignal): AsyncIterable<JobEvent> {
    const head = this.head(shard);
    this.beginning = Promise.allSettled([this.beginning, head]);
    return this.decisionsBehind(head, signal);
  }

  private async *decisionsBehind(head: Promise<LogHead>, signal: AbortSignal): AsyncGenerator<JobEvent> {
    const fromSeq = (await head).lastSeq + 1;
    for await (const { entries } of this.read(isDecision, { fromSeq, follow: true, signal }))
      for (const entry of entries) yield entry as JobEvent;
  }

  async lastDecisions(): Promise<JobEvent[]> {
    await this.beginning;
    return this.link.request('read last decisions', () => this.server.lastDecisions());
  }

  pageEventIds(jobId: string, fromSeq: number): Promise<Set<string>> {
    return this.link.request(
      'read page ids',
      () =>
        new Set(
          this.server.entries
            .filter((entry) => entry.jobId === jobId && entry.seq >= fromSeq && !isDecision(entry))
            .map(({ id }) => id),
        ),
    );
  }

  head(_: number): Promise<LogHead> {
    const { identity: stream } = this.server;
    return this.link.request('read head', () => {
      const { lastSeq } = this.server;
      return { stream, firstSeq: 1, lastSeq, bytes: lastSeq * 1000, maxBytes: null };
    });
  }

  eventIdAt(_: number, seq: number): Promise<string | null> {
    return this.link.request('read event id', () => this.server.at(seq)?.id ?? null);
  }

  seqAt(_: number, time: number): Promise<number> {
    return this.link.request('find a moment', () => {
      const found = this.server.entries.find(({ storedAt }) => storedAt >= time);
      return found?.seq ?? this.server.lastSeq + 1;
    });
  }

  /** Batches of any length, each after any delay; ends at the head found first unless it follows. */
  private async *read(filter: Filter, options: ReadOptions): AsyncGenerator<LogBatch, void, undefined> {
    const { fromSeq = 1, follow = false, signal, maxBatch = 500 } = options;
    const end = follow ? Infinity : await this.link.request('read head', () => this.server.lastSeq);
    let next = Math.max(1, fromSeq);
    let announced = false;
    if (end < next) yield { entries: [], upTo: next - 1, caughtUp: true };
    while (next <= end && !signal?.aborted) {
      const batch = await this.take(filter, { next, end, announced, maxBatch }, signal);
      if (batch === null) return;
      next = batch.upTo + 1;
      if (batch.entries.length > 0 || !announced) yield batch;
      announced ||= batch.caughtUp;
    }
  }

  /** The next batch; null when `signal` fires before it comes. */
  private take(filter: Filter, wanted: Wanted, signal?: AbortSignal): Promise<LogBatch | null> {
    const { life, scene } = this.link;
    const { world, chaos } = scene;
    return new Promise((resolve) => {
      let done = !life.alive;
      const finish = (batch: LogBatch | null): void => {
        done = true;
        signal?.removeEventListener('abort', onAbort);
        resolve(batch);
      };
      const onAbort = (): void => finish(null);
      const come = (): void => {
        world.after(chaos.latency(), life, '', () => {
          if (done) return;
          if (this.link.isCut)
            return void world.after(this.link.opensAt - world.time, life, 'reader connects again', come);
          const batch = this.batch(filter, wanted);
          if (world.tracing) world.note(life, `reads up to ${batch.upTo} (${batch.entries.length} entries)`);
          finish(batch);
        });
      };
      signal?.addEventListener('abort', onAbort);
      if (this.server.lastSeq >= wanted.next || !wanted.announced) come();
      else this.server.onMore(come);
    });
  }

  private batch(filter: Filter, { next, end, maxBatch }: Wanted): LogBatch {
    const { random, profile } = this.link.scene.chaos;
    const most = Math.min(maxBatch, random.int(1, profile.maxBatch));
    const last = Math.min(this.server.lastSeq, end);
    const entries: StoredEvent[] = [];
    for (let seq = next; seq <= last && entries.length < most; seq++) {
      const entry = this.server.at(seq)!;
      if (filter(entry)) entries.push(entry);
    }
    const upTo = entries.length === most ? entries.at(-1)!.seq : Math.max(last, next - 1);
    return { entries, upTo, caughtUp: upTo >= last };
  }
}

interface Wanted {
  next: number;
  end: number;
  announced: boolean;
  maxBatch: number;
}
