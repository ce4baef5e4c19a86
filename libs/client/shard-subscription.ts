import { LogIdentityError, type LogHead } from '#libs/engine/ports';
import type { LogReader } from '#libs/adapters/jetstream/reading';
import { isEventType, subjects, type EventType, type LogEntry } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { mismatch, type Checkpoint, type CheckpointStore } from './checkpoint.js';
import { Committer } from './committer.js';
import type { Handling } from './handling.js';
import type { ShardPosition, StartPosition, SubscribeOptions } from './options.js';

export interface ShardContext {
  reader: LogReader;
  options: SubscribeOptions;
  store: CheckpointStore | null;
  handling: Handling;
  types: ReadonlySet<EventType>;
  unknownTypes: Record<string, number>;
  signal: AbortSignal;
  onError: (error: unknown) => void;
}

/** One shard of a subscription: its position, and the loop that moves it. */
export class ShardSubscription {
  private position: Checkpoint = { stream: '', seq: 0, event: null };
  private committer: Committer | null = null;
  private live = false;
  private readonly jobs: ReadonlySet<string> | null;

  constructor(
    private readonly context: ShardContext,
    private readonly shard: number,
    private readonly from: StartPosition,
  ) {
    const { jobs } = context.options;
    this.jobs = jobs ? new Set(jobs) : null;
  }

  /** Finds where to begin, and keeps that: a crash before the first event must not move it. */
  async attach(): Promise<void> {
    const { reader, store, options, onError } = this.context;
    const { durable } = options;
    const eventIdAt = (seq: number): Promise<string | null> => reader.eventIdAt(this.shard, seq);
    const head = await reader.head(this.shard);
    const found = durable !== undefined && store ? await store.load(durable, this.shard) : null;
    if (found === null) this.position = await this.startAt(this.from, head);
    else {
      const reason = await mismatch(found, head, eventIdAt);
      this.position = reason === null ? found : await this.resetTo(found, head, reason);
    }
    const save = store?.save?.bind(store);
    if (durable === undefined || save === undefined) return;
    const { events: everyEvents = 100, ms: everyMs = 1000 } = options.commitEvery ?? {};
    const write = (checkpoint: Checkpoint): Promise<void> => save(durable, this.shard, checkpoint);
    this.committer = new Committer({ save: write, eventIdAt, everyEvents, everyMs, onError }, null);
    await this.committer.note(this.position, 0);
    await this.committer.flush();
    if (this.committer.committed === null)
      throw new SpoorError('store_unavailable', 'NATS went away before the checkpoint was kept');
  }

  async run(): Promise<void> {
    for (;;) {
      try {
        await this.follow();
        await this.committer?.flush();
        return;
      } catch (error) {
        if (!(error instanceof LogIdentityError)) throw error;
        this.committer?.reset();
        const head = await this.context.reader.head(this.shard).catch(() => null);
        if (head === null) throw error;
        this.position = await this.resetTo(this.position, head, error.message);
        await this.committer?.note(this.position, 0);
      }
    }
  }

  async report(): Promise<ShardPosition> {
    const { lastSeq: head } = await this.context.reader.head(this.shard);
    const { seq } = this.position;
    const committed = this.committer?.committed ?? null;
    return { shard: this.shard, seq, committed, head, lag: Math.max(0, head - seq), live: this.live };
  }

  /** What was handled before an error ended the subscription need not come again. */
  flush(): Promise<void> {
    return this.committer?.flush() ?? Promise.resolve();
  }

  private async follow(): Promise<void> {
    const { reader, options, signal } = this.context;
    const [only] = options.jobs?.length === 1 ? options.jobs : [];
    const batches = reader.read({
      shard: this.shard,
      filter: only === undefined ? undefined : subjects.eventsOfJob(only),
      fromSeq: this.position.seq + 1,
      follow: options.follow ?? true,
      signal,
      maxBatch: options.buffer ?? 100,
      wants: (message) => this.wants(message),
    });
    for await (const batch of batches) {
      for (const entry of batch.entries) if (!(await this.take(entry))) return;
      if (batch.upTo > this.position.seq) await this.moveTo({ ...this.position, seq: batch.upTo }, 0);
      if (batch.caughtUp && !this.live) {
        this.live = true;
        options.onLive?.(this.shard);
      }
      if (signal.aborted) return;
    }
  }

  /** False when the subscription ended before the event was handled. */
  private async take(entry: LogEntry): Promise<boolean> {
    const { handling, signal, reader } = this.context;
    if (signal.aborted) return false;
    const event = entry.id === null ? this.position.event : { seq: entry.seq, id: entry.id };
    const checkpoint = { stream: this.position.stream, seq: entry.seq, event };
    const isThere = async (): Promise<boolean> => (await reader.eventIdAt(this.shard, entry.seq)) !== null;
    if (!(await handling.handle(entry, { shard: this.shard, checkpoint, signal, isThere }))) return false;
    await this.moveTo(checkpoint, 1);
    return true;
  }

  private async moveTo(position: Checkpoint, events: number): Promise<void> {
    this.position = position;
    await this.committer?.note(position, events);
  }

  private wants({ type, jobId }: { type: string | null; jobId: string | null }): boolean {
    if (this.jobs && (jobId === null || !this.jobs.has(jobId))) return false;
    if (type !== null && isEventType(type)) return this.context.types.has(type);
    const name = type ?? '(none)';
    this.context.unknownTypes[name] = (this.context.unknownTypes[name] ?? 0) + 1;
    return false;
  }

  private async startAt(from: StartPosition, head: LogHead): Promise<Checkpoint> {
    const seq = await this.seqOf(from, head);
    const id = seq === 0 ? null : await this.context.reader.eventIdAt(this.shard, seq);
    return { stream: head.stream, seq, event: id === null ? null : { seq, id } };
  }

  private async seqOf(from: StartPosition, head: LogHead): Promise<number> {
    if (from === 'start') return 0;
    if (from === 'new') return head.lastSeq;
    const first =
      typeof from === 'number' ? from : await this.context.reader.seqAt(this.shard, from.getTime());
    // Behind the head there is nothing to skip yet.
    return Math.min(Math.max(0, first - 1), head.lastSeq);
  }

  private async resetTo(checkpoint: Checkpoint, head: LogHead, reason: string): Promise<Checkpoint> {
    const { options } = this.context;
    const { stream, firstSeq, lastSeq } = head;
    if (!options.onReset) {
      const name = options.durable === undefined ? '' : `subscription ${JSON.stringify(options.durable)}, `;
      throw new LogIdentityError(`${name}shard ${this.shard}: ${reason}`);
    }
    this.live = false;
    const to = await options.onReset({
      ...{ shard: this.shard, reason, checkpoint },
      head: { stream, firstSeq, lastSeq },
    });
    return this.startAt(to, head);
  }
}
