import {
  catalogue,
  isUnreadable,
  shardOf,
  subjects,
  type JobEvent,
  type LogEntry,
  type NewEvent,
  type NewJobEvent,
  type NewPageEvent,
} from '#libs/events';
import {
  ConflictError,
  type Appended,
  type EventLog,
  type JobReadOptions,
  type LogBatch,
  type LogHead,
  type Metrics,
  type ReadOptions,
} from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import { BlobStore } from './blobs.js';
import { Coalescer } from './coalescer.js';
import { decodeEvent, encodeEvent, isDecision, PartialEntry, type EncodedEvent } from './codec.js';
import type { LogConnection } from './connection.js';
import { decodeEnvelope, readEnvelope } from './envelope.js';
import { ApiError, toSpoorError } from './errors.js';
import { MAX_BATCH, readEntries } from './entries.js';
import { eventIdAt, logHead } from './head.js';
import { lastOfEachSubject } from './last-of-each.js';
import { readRaw, type RawReadOptions } from './reader.js';
import { seqAtTime } from './seq-at-time.js';
import type { RawMessage } from './session.js';
import { leaderMessage } from './stored.js';

/** It is appended only where there is none before it. */
const FIRST_DECISION = 'JobStarted';

/** The event log on JetStream; see the port for what each call promises. */
export class JetStreamEventLog implements EventLog {
  private readonly blobs: BlobStore;
  private readonly coalescer: Coalescer;
  /** Heads that watches begin at, on their way. */
  private beginning: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly connection: LogConnection,
    private readonly metrics?: Metrics,
  ) {
    this.blobs = new BlobStore(connection);
    this.coalescer = new Coalescer(connection);
  }

  appendJob(event: NewJobEvent, expectedSeq: number): Promise<Appended> {
    return this.counted(event, this.append(event, expectedSeq));
  }

  private async append(event: NewJobEvent, expectedSeq: number): Promise<Appended> {
    const checked = catalogue[event.type].data.safeParse(event.data);
    if (!checked.success) {
      const issue = checked.error.issues[0];
      const field = issue?.path.join('.') ?? '';
      const text = `${event.type} is malformed: ${field} ${issue?.message ?? ''}`;
      throw new SpoorError('invalid_request', text, { field });
    }
    const { subject, payload, headers } = await this.encode(event, expectedSeq);
    await this.beginning;
    try {
      const ack = await this.connection.requests.publish(subject, payload, { headers });
      return this.stored(event, { seq: ack.seq, duplicate: ack.duplicate === true });
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isWrongSequence) throw toSpoorError(error);
      // Also the answer when the first try was stored and only its acknowledgement was lost.
      const seq = await this.findDecision(event.jobId, event.id);
      if (seq === null) throw new ConflictError(event.jobId);
      return this.stored(event, { seq, duplicate: true });
    }
  }

  publishPage(event: NewPageEvent, options: { alone?: boolean } = {}): Promise<Appended> {
    return this.counted(event, this.publish(event, options));
  }

  private async publish(event: NewPageEvent, { alone = false }): Promise<Appended> {
    const encoded = this.encode(event);
    const appended = this.coalescer.publish(encoded instanceof Promise ? await encoded : encoded);
    if (alone) this.coalescer.flush();
    return this.stored(event, await appended);
  }

  /** Said of every event whose storing was acknowledged, so that a log can be held against what its server promised. */
  private stored({ id, jobId }: NewEvent, appended: Appended): Appended {
    this.connection.logger.debug?.({ event: id, jobId, seq: appended.seq }, 'stored');
    return appended;
  }

  /** What the log held already was counted by whoever stored it. */
  private counted(event: NewEvent, appended: Promise<Appended>): Promise<Appended> {
    const { metrics } = this;
    if (!metrics) return appended;
    const began = performance.now();
    return appended.then(
      (answer) => {
        if (!answer.duplicate) metrics.eventStored(event.type, performance.now() - began);
        return answer;
      },
      (error: unknown) => {
        if (error instanceof SpoorError && error.code === 'log_full') metrics.logRefused();
        throw error;
      },
    );
  }

  private encode(event: NewEvent, expectedSeq?: number): EncodedEvent | Promise<EncodedEvent> {
    return encodeEvent(event, this.blobs, this.connection.maxPayload, expectedSeq);
  }

  private async findDecision(jobId: string, id: string): Promise<number | null> {
    const options = { filter: subjects.jobSubject(jobId), headersOnly: true };
    for await (const message of this.messages(jobId, options))
      if (decodeEnvelope(message.msg.headers).id === id) return message.seq;
    return null;
  }

  /** Up to the head found at the call. */
  private async *messages(
    jobId: string,
    options: Partial<RawReadOptions>,
  ): AsyncGenerator<RawMessage, void, undefined> {
    const stream = subjects.eventStream(shardOf(jobId));
    for await (const batch of readRaw(this.connection, { stream, maxBatch: MAX_BATCH, ...options }))
      yield* batch.messages;
  }

  async readDecisions(jobId: string, options: { bulk?: boolean } = {}): Promise<JobEvent[]> {
    await this.beginning;
    const bulk = options.bulk ?? true;
    const last = await this.lastDecision(jobId);
    if (last === null) return [];
    const isOnly = readEnvelope(last.msg).type === FIRST_DECISION;
    const messages = isOnly ? [last] : this.messages(jobId, { filter: subjects.jobSubject(jobId) });
    const decisions: JobEvent[] = [];
    for await (const message of messages) {
      const decoded = decodeEvent(message, this.blobs, bulk);
      const entry = decoded instanceof PartialEntry ? await decoded.load() : decoded;
      if (isUnreadable(entry))
        throw new SpoorError(
          'internal',
          `decision ${entry.seq} of job ${jobId} cannot be read: ${entry.reason}`,
          { hint: 'Use a version of Spoor that knows this event.' },
        );
      if (isDecision(entry)) decisions.push(entry);
    }
    return decisions;
  }

  /** One question, where a consumer takes four: of most jobs that are asked for, the start is all there is. */
  private async lastDecision(jobId: string): Promise<RawMessage | null> {
    try {
      const stream = subjects.eventStream(shardOf(jobId));
      const query = { last_by_subj: subjects.jobSubject(jobId) };
      const found = await leaderMessage(this.connection, stream, query);
      return found && { seq: found.seq, storedAt: found.storedAt, msg: found };
    } catch (error) {
      throw toSpoorError(error);
    }
  }

  readJob(jobId: string, { type, ...options }: JobReadOptions = {}): AsyncIterable<LogBatch> {
    const filter = type === undefined ? subjects.eventsOfJob(jobId) : subjects.pageSubject(jobId, type);
    return this.read(shardOf(jobId), filter, options);
  }

  readShard(shard: number, options: ReadOptions = {}): AsyncIterable<LogBatch> {
    return this.read(shard, undefined, options);
  }

  private read(shard: number, filter: string | undefined, options: ReadOptions): AsyncIterable<LogBatch> {
    return readEntries(this.connection, this.blobs, { shard, filter, ...options });
  }

  watchDecisions(shard: number, signal: AbortSignal): AsyncIterable<JobEvent> {
    // Asked for now, not at the first `next`. The server answers such questions out of line with what it stores, so
    // later calls on decisions wait for it: what they do not see, the watch does.
    const head = this.head(shard);
    this.beginning = Promise.allSettled([this.beginning, head]);
    return this.decisionsBehind(shard, head, signal);
  }

  private async *decisionsBehind(
    shard: number,
    head: Promise<LogHead>,
    signal: AbortSignal,
  ): AsyncGenerator<JobEvent, void, undefined> {
    const fromSeq = (await head).lastSeq + 1;
    const options = { fromSeq, follow: true, signal, bulk: false };
    for await (const batch of this.read(shard, subjects.allJobEvents(shard), options))
      for (const entry of batch.entries) if (this.readable(entry)) yield entry;
  }

  async lastDecisions(shard: number): Promise<JobEvent[]> {
    await this.beginning;
    const stream = subjects.eventStream(shard);
    const messages = await lastOfEachSubject(this.connection, stream, subjects.allJobEvents(shard));
    const decisions: JobEvent[] = [];
    for (const message of messages) {
      const entry = decodeEvent(message, this.blobs, false);
      if (!(entry instanceof PartialEntry) && this.readable(entry)) decisions.push(entry);
    }
    return decisions;
  }

  /** An unreadable decision stops its own job alone; it is named here and shown by whoever reads that job. */
  private readable(entry: LogEntry): entry is JobEvent {
    if (!isUnreadable(entry)) return isDecision(entry);
    const job = entry.jobId ?? 'unknown';
    this.connection.logger.error(`decision ${entry.seq} of job ${job} cannot be read: ${entry.reason}`);
    return false;
  }

  async pageEventIds(jobId: string, fromSeq: number): Promise<Set<string>> {
    const ids = new Set<string>();
    const options = { filter: subjects.pagesOfJob(jobId), fromSeq, headersOnly: true };
    for await (const { msg } of this.messages(jobId, options)) {
      const { id } = readEnvelope(msg);
      if (id !== null) ids.add(id);
    }
    return ids;
  }

  head(shard: number): Promise<LogHead> {
    return logHead(this.connection, shard);
  }

  eventIdAt(shard: number, seq: number): Promise<string | null> {
    return eventIdAt(this.connection, shard, seq);
  }

  async seqAt(shard: number, time: number): Promise<number> {
    try {
      return await seqAtTime(this.connection, shard, time);
    } catch (error) {
      throw toSpoorError(error);
    }
  }

  /** Sends what waits for company. */
  flush(): void {
    this.coalescer.flush();
  }
}
