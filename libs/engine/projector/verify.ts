import { SpoorError } from '#libs/failures';
import { UnstorableError, type RebuildTarget, type RowSnapshot } from '#libs/engine/ports';
import { compareRows, type RowComparison, type TableRow } from '#libs/read-models';
import { loadAll, type RebuildOptions } from './rebuild.js';
import { ShardFold, type ProjectorDeps } from './shard-fold.js';

export interface Verification extends RowComparison {
  /** Shard → sequence that both sides tell up to. */
  at: Record<number, number>;
}

/**
 * Proves that the live rows are what the log makes of them: the log is folded anew in tables beside the live ones, up to where those
 * stand, and both are held against each other. Live projectors go on meanwhile; nothing is changed and nothing is left behind.
 * @throws SpoorError conflict when a rebuild is under way, or the live rows are of another log
 */
export async function verifyReadModels(deps: ProjectorDeps, options: RebuildOptions): Promise<Verification> {
  try {
    return await verifyWith(deps, options, loadAll);
  } catch (error) {
    if (!(error instanceof UnstorableError)) throw error;
    return verifyWith(deps, options, foldAll);
  }
}

type Fill = (deps: ProjectorDeps, options: RebuildOptions, target: RebuildTarget) => Promise<void>;

async function verifyWith(deps: ProjectorDeps, options: RebuildOptions, fill: Fill): Promise<Verification> {
  // Before the snapshot: a rebuild that swaps in between would show tables whose rows the snapshot cannot see.
  const target = await deps.store.beginRebuild();
  try {
    const live = await deps.store.snapshot();
    try {
      const upTo = await bounds(deps, options.shards, live);
      await fill(deps, { ...options, upTo }, target);
      // What was read in part would differ for that reason alone.
      options.signal?.throwIfAborted();
      return { at: Object.fromEntries(upTo), ...(await compared(deps, target, live, upTo)) };
    } finally {
      await live.close();
    }
  } finally {
    await target.discard();
  }
}

async function compared(
  deps: ProjectorDeps,
  target: RebuildTarget,
  live: RowSnapshot,
  upTo: ReadonlyMap<number, number>,
): Promise<RowComparison> {
  const made = await target.store.snapshot();
  try {
    const isGone = await removedSince(deps, upTo);
    return await compareRows(without(made.rows(), isGone), without(live.rows(), isGone));
  } finally {
    await made.close();
  }
}

/** The slow way: data that cannot be stored is narrowed down and parked, as a live projector would. */
async function foldAll(deps: ProjectorDeps, options: RebuildOptions, target: RebuildTarget): Promise<void> {
  for (const [shard, seq] of options.upTo ?? []) {
    if (seq === 0) continue;
    const fold = new ShardFold({ ...deps, store: target.store }, shard, options.codeVersion);
    fold.at = { stream: (await deps.eventLog.head(shard)).stream, seq: 0, eventId: null };
    await fold.read(seq, options.signal);
  }
}

async function bounds(
  { eventLog }: ProjectorDeps,
  shards: number[],
  live: RowSnapshot,
): Promise<Map<number, number>> {
  const upTo = new Map<number, number>();
  for (const shard of shards) {
    const { stream, lastSeq } = await eventLog.head(shard);
    const position = live.positions.get(shard);
    if (position && (position.stream !== stream || position.seq > lastSeq))
      throw new SpoorError('conflict', `The read models of shard ${shard} were made from another log.`, {
        hint: 'Make them anew: spoor projection rebuild.',
      });
    upTo.set(shard, position?.seq ?? 0);
  }
  return upTo;
}

/** What was removed later is gone from the log, and still there in the rows that tell of before. */
async function removedSince(
  { eventLog }: ProjectorDeps,
  upTo: ReadonlyMap<number, number>,
): Promise<(jobId: unknown) => boolean> {
  const gone = new Set<unknown>();
  for (const [shard, seq] of upTo)
    for (const event of await eventLog.lastDecisions(shard))
      if (event.type === 'JobRemoved' && event.seq > seq) gone.add(event.jobId);
  return (jobId) => gone.has(jobId);
}

async function* without(
  rows: AsyncIterable<TableRow>,
  isGone: (jobId: unknown) => boolean,
): AsyncGenerator<TableRow, void, undefined> {
  for await (const row of rows) if (!isGone(row.row['jobId'])) yield row;
}
