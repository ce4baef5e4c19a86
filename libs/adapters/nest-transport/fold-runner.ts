import type { EventLog, LogBatch } from '#libs/engine/ports';
import { backoff, errorText, sleep, type TransportLogger } from './support.js';

const LONGEST_WAIT_MS = 30_000;

/** Where one fold of one shard stands; what health shows. */
export interface FoldStatus {
  name: string;
  shard: number;
  /** Everything up to here has been handled. Null before the checkpoint was read. */
  position: number | null;
  /** True when the log held nothing more behind the last batch. */
  caughtUp: boolean;
  /** Times that the present batch (or reading the log) has failed; 0 when all is well. */
  retrying: number;
  lastError: string | null;
  /** ms since the epoch; null before the first batch. */
  lastHandledAt: number | null;
}

export interface FoldOptions {
  eventLog: EventLog;
  name: string;
  shard: number;
  /** Next sequence wanted, asked again whenever reading begins anew. */
  checkpoint: (shard: number) => Promise<number>;
  handle: (batch: LogBatch, shard: number) => Promise<void>;
  logger: TransportLogger;
  maxBatch?: number | undefined;
  everyMs?: number | undefined;
  bulk?: boolean | undefined;
}

/** Feeds one fold with one shard's batches until it is told to end. Never skips, never gives up. */
export class FoldRunner {
  readonly status: FoldStatus;
  private readonly ended = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: FoldOptions) {
    const { name, shard } = options;
    this.status = {
      ...{ name, shard, position: null, caughtUp: false },
      ...{ retrying: 0, lastError: null, lastHandledAt: null },
    };
  }

  start(): void {
    this.running = this.run();
  }

  /** Resolves when the handler that runs has come to its end. */
  async stop(): Promise<void> {
    this.ended.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.ended;
    while (!signal.aborted) {
      try {
        await this.read();
      } catch (error) {
        await this.failed(`reading for ${this.options.name} broke off`, error);
      }
    }
  }

  private async read(): Promise<void> {
    const { eventLog, shard, checkpoint, maxBatch, everyMs, bulk } = this.options;
    const { signal } = this.ended;
    const fromSeq = await checkpoint(shard);
    if (signal.aborted) return;
    this.status.position = fromSeq - 1;
    const options = {
      ...{ fromSeq, follow: true, signal },
      ...(maxBatch !== undefined && { maxBatch }),
      ...(everyMs !== undefined && { everyMs }),
      ...(bulk !== undefined && { bulk }),
    };
    for await (const batch of eventLog.readShard(shard, options)) {
      if (!(await this.handle(batch))) return;
      this.status.position = batch.upTo;
      this.status.caughtUp = batch.caughtUp;
      this.status.lastHandledAt = Date.now();
    }
  }

  /** False when it was told to end before the batch was handled. */
  private async handle(batch: LogBatch): Promise<boolean> {
    const { signal } = this.ended;
    while (!signal.aborted) {
      try {
        await this.options.handle(batch, this.options.shard);
        this.status.retrying = 0;
        this.status.lastError = null;
        return true;
      } catch (error) {
        const seqs = batch.entries.length > 0 ? `${batch.entries[0]?.seq}..${batch.upTo}` : `${batch.upTo}`;
        await this.failed(`${this.options.name} failed at ${seqs} of shard ${this.options.shard}`, error);
      }
    }
    return false;
  }

  private async failed(what: string, error: unknown): Promise<void> {
    if (this.ended.signal.aborted) return;
    this.status.retrying += 1;
    this.status.lastError = errorText(error);
    const waitMs = Math.min(LONGEST_WAIT_MS, backoff(this.status.retrying));
    this.options.logger.error(
      `${what}; again in ${waitMs} ms (try ${this.status.retrying + 1}): ${errorText(error)}`,
    );
    await sleep(waitMs, this.ended.signal);
  }
}
