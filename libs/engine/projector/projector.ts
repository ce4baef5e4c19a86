import {
  LogIdentityError,
  StaleCheckpointError,
  type LogBatch,
  type ParkedJob,
  type Position,
} from '#libs/engine/ports';
import { PROJECTION_VERSION } from '#libs/read-models';
import { describeError } from '../describe-error.js';
import { checkpointMismatch } from './checkpoint-mismatch.js';
import { rebuildReadModels, type RebuildProgress } from './rebuild.js';
import { retryParked } from './retry-parked.js';
import { ShardFold, type ProjectorDeps } from './shard-fold.js';

export interface ProjectorOptions {
  shard: number;
  /** All shards whose rows the store holds; default this one alone. A rebuild makes all of them anew. */
  shards?: number[];
  /** Another version tries again what this one had to park; default PROJECTION_VERSION. */
  codeVersion?: string;
}

/** For health, metrics and people. Silence is the worst failure of a projection, so each number says when it is from. */
export interface ProjectorStatus {
  shard: number;
  /** Sequence up to which the read models tell the log. */
  seq: number;
  /** Events of the log that they do not tell yet. */
  lag: number;
  /** Wall clock of the last commit, ms; null before the first one of this process. */
  lastProgressAt: number | null;
  parked: ParkedJob[];
  rebuilding: RebuildProgress | null;
  /** Why it cannot go on at the moment; it goes on trying. */
  lastError: string | null;
}

const MISMATCH = {
  replaced: 'the log is another one than the read models were made from',
  shortened: 'the log is shorter than the read models are',
  elsewhere: 'the log holds another event than the read models tell of',
};

/** How often a quiet projector looks whether the store still holds what it was given. */
const LOOK_MS = 5000;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5000;

/**
 * Keeps the read models of one shard true to its log. It may die between any two lines: rows and checkpoint are one commit. Two of
 * them do no harm: a commit names the checkpoint that it goes on from. Whatever the store's trouble, it waits and tries again;
 * only data that can never be stored parks its job, and no other job waits for that.
 */
export class Projector {
  private readonly shard: number;
  private readonly codeVersion: string;
  private readonly fold: ShardFold;
  /** False: look where the store stands before the next commit. */
  private connected = false;
  /** What the reader has handed over without a gap. */
  private handed = 0;
  private lastError: string | null = null;
  private rebuilding: RebuildProgress | null = null;
  private triedParked = false;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly deps: ProjectorDeps,
    private readonly options: ProjectorOptions,
  ) {
    this.shard = options.shard;
    this.codeVersion = options.codeVersion ?? PROJECTION_VERSION;
    this.fold = new ShardFold(deps, this.shard, this.codeVersion);
  }

  /**
   * Where to read on from: at each connect, the checkpoint is held against the log. When they do not fit, the read models are
   * rebuilt from the log, loudly. Waits for the stores as long as it takes.
   */
  position(signal?: AbortSignal): Promise<Position> {
    return this.inTurn(() =>
      this.persist(signal, async () => {
        await this.connect(signal);
        this.handed = this.fold.at.seq;
        return this.fold.at;
      }),
    );
  }

  /** Batches must follow one another without a gap, beginning behind `position()`. What is in already is left out. */
  apply(batch: LogBatch, signal?: AbortSignal): Promise<void> {
    return this.inTurn(() =>
      this.persist(signal, async () => {
        if (!this.connected) await this.connect(signal);
        // A crash of the store may have taken its last commits back; they are read again.
        if (this.fold.at.seq < this.handed) await this.fold.read(this.handed, signal);
        await this.fold.commit(batch.entries, batch.upTo);
        this.handed = Math.max(this.handed, batch.upTo);
      }),
    );
  }

  /**
   * Looks now and then whether the store still holds all that was committed, until `signal` fires: a crash of the store may take its
   * last commits back, and in a quiet log no batch comes that would show it.
   */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.deps.clock.sleep(LOOK_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      await this.inTurn(() => this.persist(signal, () => this.look(signal))).catch(() => undefined);
    }
  }

  private async look(signal: AbortSignal): Promise<void> {
    const found = await this.deps.store.checkpoint(this.shard);
    if (this.connected && (found?.seq ?? 0) === this.fold.at.seq) return;
    this.forget();
    await this.connect(signal);
    if (this.fold.at.seq < this.handed) await this.fold.read(this.handed, signal);
  }

  /** Makes the read models anew beside the present ones and puts them in their place; the present ones serve until then. */
  rebuild(signal?: AbortSignal): Promise<void> {
    return this.inTurn(() => this.rebuildNow(signal));
  }

  /** @throws when a store does not answer */
  async status(): Promise<ProjectorStatus> {
    const { shard, rebuilding, lastError } = this;
    const { lastSeq } = await this.deps.eventLog.head(shard);
    const seq = (await this.deps.store.checkpoint(shard))?.seq ?? 0;
    const parked = await this.deps.store.parked(shard);
    const { lastProgressAt } = this.fold;
    return { shard, seq, lag: Math.max(0, lastSeq - seq), lastProgressAt, parked, rebuilding, lastError };
  }

  private async connect(signal?: AbortSignal): Promise<void> {
    const { eventLog, store, logger } = this.deps;
    const found = await store.checkpoint(this.shard);
    // Asked for later: what another projector commits in between must not make the log look shorter than its read models.
    const head = await eventLog.head(this.shard);
    const mismatch = found && (await checkpointMismatch(eventLog, this.shard, found, head));
    if (mismatch) {
      const fields = { shard: this.shard, checkpoint: found.seq, log: head.lastSeq };
      logger.error(fields, `${MISMATCH[mismatch]}; the read models are rebuilt`);
      await this.rebuildNow(signal);
      return this.connect(signal);
    }
    this.fold.at = found ?? { stream: head.stream, seq: 0, eventId: null };
    if (!this.triedParked) await this.tryParked();
    this.triedParked = true;
    this.connected = true;
  }

  /** Another version of the code may be able to fold what an earlier one could not. */
  private async tryParked(): Promise<void> {
    await retryParked(
      this.deps,
      this.fold,
      this.shard,
      ({ codeVersion }) => codeVersion !== this.codeVersion,
    );
  }

  private async rebuildNow(signal?: AbortSignal): Promise<void> {
    const { shard, codeVersion } = this;
    try {
      await rebuildReadModels(this.deps, {
        ...{ shards: this.options.shards ?? [shard], codeVersion },
        ...(signal ? { signal } : {}),
        onProgress: (progress) => (this.rebuilding = progress),
      });
    } finally {
      this.rebuilding = null;
      this.forget();
    }
  }

  private forget(): void {
    this.connected = false;
    this.fold.forget();
  }

  /** One thing at a time, in the order in which they were asked for. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.queue.then(work);
    this.queue = result.catch(() => undefined);
    return result;
  }

  /** Tries until it succeeds; ends only by `signal`. */
  private async persist<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      signal?.throwIfAborted();
      try {
        const answer = await work();
        this.lastError = null;
        return answer;
      } catch (error) {
        signal?.throwIfAborted();
        this.forget();
        // Another projector was quicker: go on from where it is.
        if (error instanceof StaleCheckpointError && wait === FIRST_WAIT_MS) continue;
        this.lastError = describeError(error);
        const what =
          error instanceof LogIdentityError ? 'the log has changed' : 'the read models cannot be written';
        this.deps.logger.warn({ shard: this.shard, waitMs: wait }, `${what}: ${this.lastError}`);
        await this.deps.clock.sleep(wait, signal);
      }
    }
  }
}
