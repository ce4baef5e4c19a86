import type { ShardContext } from './shard-subscription.js';
import { ShardSubscription } from './shard-subscription.js';
import type { Counted, Report, StartPosition } from './options.js';

/** How often a subscription to all jobs looks whether there is a shard more. */
const LOOK_MS = 30_000;

/** A subscription that runs; see `subscribe`. */
export class Subscription {
  /** Resolves when it was stopped or, without `follow`, is through; rejects with what ended it otherwise. */
  readonly done: Promise<void>;
  private readonly shards = new Map<number, ShardSubscription>();
  private readonly running = new Set<Promise<void>>();
  private failure: { error: unknown } | null = null;
  private finish: () => void = () => {};
  private looking: NodeJS.Timeout | null = null;

  /** Through `subscribe`. */
  constructor(
    private readonly context: Omit<ShardContext, 'signal' | 'onError'>,
    private readonly abort: AbortController,
    private readonly close: () => Promise<void>,
  ) {
    this.done = new Promise((resolve, reject) => {
      this.finish = () => (this.failure ? reject(this.failure.error) : resolve());
    });
  }

  /** @throws what `attach` of a shard throws; nothing runs then. */
  async start(shards: readonly number[], from: (shard: number) => StartPosition): Promise<void> {
    for (const shard of shards) await this.add(shard, from(shard));
    for (const shard of shards) this.launch(shard);
    if (this.context.options.follow ?? true) this.lookForShards();
    void this.end();
  }

  /** What it has done so far. */
  get counts(): Counted {
    return { ...this.context.handling.counts, unknownTypes: { ...this.context.unknownTypes } };
  }

  /** The same and where it stands; asks the server for the heads of the shards. */
  async position(): Promise<Report> {
    const shards = await Promise.all([...this.shards.values()].map((shard) => shard.report()));
    return { shards, ...this.counts };
  }

  /** Lets the handlers under way finish, writes the checkpoint and closes the connection, unless it was brought along. */
  async stop(): Promise<void> {
    this.abort.abort();
    await this.done;
  }

  private async add(shard: number, from: StartPosition): Promise<void> {
    const context = {
      ...this.context,
      signal: this.abort.signal,
      onError: (error: unknown) => this.fail(error),
    };
    const subscription = new ShardSubscription(context, shard, from);
    await subscription.attach();
    this.shards.set(shard, subscription);
  }

  private launch(shard: number): void {
    const run = this.shards
      .get(shard)!
      .run()
      .catch((error: unknown) => this.fail(error));
    this.running.add(run);
    void run.then(() => this.running.delete(run));
  }

  private fail(error: unknown): void {
    this.failure ??= { error };
    this.abort.abort();
  }

  /** Shards that are made later begin at their start, whatever `from` says: all of their events are new. */
  private lookForShards(): void {
    if (this.context.options.jobs) return;
    const look = async (): Promise<void> => {
      const all = await this.context.reader.shards();
      for (const shard of all.filter((one) => !this.shards.has(one))) {
        if (this.abort.signal.aborted) return;
        await this.add(shard, 'start');
        this.launch(shard);
      }
    };
    const again = (): void => {
      const next = (): void => (this.abort.signal.aborted ? undefined : again());
      this.looking = setTimeout(() => void look().then(next, next), LOOK_MS);
    };
    again();
  }

  private async end(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
    if (this.looking) clearTimeout(this.looking);
    for (const shard of this.shards.values()) await shard.flush().catch((error: unknown) => this.fail(error));
    await this.close().catch(() => {});
    this.finish();
  }
}
