import { isUnreadable, type LogEntry } from '#libs/events';
import { UnstorableError, type Position, type RebuildTarget } from '#libs/engine/ports';
import { fold, plan, settledKeys, type FoldState, type PageState, type Step } from '#libs/read-models';
import { HeldBackLinks } from './held-back-links.js';
import { ShardFold, type ProjectorDeps, type ProjectorLog } from './shard-fold.js';

export interface RebuildProgress {
  shard: number;
  /** Sequence that was reached, and the log's end when the rebuild began. */
  seq: number;
  lastSeq: number;
  events: number;
  perSecond: number;
}

export interface RebuildOptions {
  shards: number[];
  codeVersion: string;
  onProgress?: (progress: RebuildProgress) => void;
  signal?: AbortSignal;
  /** Shard → sequence that nothing is read beyond; default what the log holds at the call. */
  upTo?: ReadonlyMap<number, number>;
}

/** What is in hand at once is what the garbage collector copies about. */
const BATCH = 500;

/**
 * Makes the read models from the log alone, in tables beside the live ones, and swaps them in when they tell at least as much.
 * Readers see the old rows until that moment; live projectors go on meanwhile.
 * @throws SpoorError conflict when another rebuild is under way
 */
export async function rebuildReadModels(deps: ProjectorDeps, options: RebuildOptions): Promise<void> {
  try {
    await rebuild(deps, options, (target) => loadAll(deps, options, target));
  } catch (error) {
    if (!(error instanceof UnstorableError)) throw error;
    deps.logger.warn({}, `${error.message}; the rebuild goes event by event to find what to park`);
    await rebuild(deps, options, async () => undefined);
  }
}

async function rebuild(
  deps: ProjectorDeps,
  { shards, codeVersion, signal }: RebuildOptions,
  load: (target: RebuildTarget) => Promise<void>,
): Promise<void> {
  const target = await deps.store.beginRebuild();
  try {
    await load(target);
    const catchUp = async (): Promise<void> => {
      for (const shard of shards) {
        const fold = new ShardFold({ ...deps, store: target.store }, shard, codeVersion);
        const { stream } = await deps.eventLog.head(shard);
        fold.at = (await target.store.checkpoint(shard)) ?? { stream, seq: 0, eventId: null };
        await fold.read(null, signal);
      }
    };
    await catchUp();
    await target.swap(catchUp);
  } finally {
    await target.discard();
  }
}

/** Everything that the log holds now, with the whole state in memory and rows that are only ever appended. */
export async function loadAll(
  deps: ProjectorDeps,
  options: RebuildOptions,
  target: RebuildTarget,
): Promise<void> {
  const positions = new Map<number, Position>();
  for (const shard of options.shards) positions.set(shard, await loadShard(deps, options, target, shard));
  await target.load.end(positions);
}

async function loadShard(
  { eventLog, clock }: ProjectorDeps,
  { codeVersion, onProgress, signal, upTo }: RebuildOptions,
  target: RebuildTarget,
  shard: number,
): Promise<Position> {
  const head = await eventLog.head(shard);
  const state: FoldState = { jobs: new Map(), pages: new Map(), parkedJobs: new Set() };
  const held = new HeldBackLinks();
  const end = upTo?.get(shard) ?? Infinity;
  const isGone = await removedBefore(eventLog, shard, end);
  const intern = interner();
  const began = clock.monotonic();
  let at: Position = { stream: head.stream, seq: 0, eventId: null };
  let events = 0;
  let writing: Promise<void> = Promise.resolve();
  if (end === 0) return at;
  const reading = { maxBatch: BATCH, ...(signal ? { signal } : {}) };
  for await (const batch of eventLog.readShard(shard, reading)) {
    const read = batch.entries.filter(({ seq }) => seq <= end);
    const entries = read.filter((entry) => !isGone(entry));
    const steps = plan(entries, state.jobs, held);
    const changes = fold(steps, state, { shard, codeVersion });
    held.add(settledKeys(steps, state.pages));
    share(steps, state.pages, intern);
    // One batch is written while the next is folded; never more, so memory stays bounded.
    await writing;
    writing = target.load.append(changes, at.seq + 1);
    writing.catch(() => undefined);
    const last = read.at(-1);
    const seq = Math.min(batch.upTo, end);
    at = { ...at, seq, eventId: last?.seq === seq ? last.id : null };
    events += read.length;
    const perSecond = Math.round((events * 1000) / Math.max(1, clock.monotonic() - began));
    onProgress?.({ shard, seq, lastSeq: Math.min(head.lastSeq, end), events, perSecond });
    if (seq === end) break;
  }
  await writing;
  return at;
}

/** What a removed job's history still holds need not be written only to be deleted: its tombstone tells all. */
async function removedBefore(
  eventLog: ProjectorLog,
  shard: number,
  end: number,
): Promise<(entry: LogEntry) => boolean> {
  const removed = new Map<string, number>();
  for (const event of await eventLog.lastDecisions(shard))
    if (event.type === 'JobRemoved' && event.seq <= end) removed.set(event.jobId, event.seq);
  return (entry) => entry.jobId !== null && entry.seq < (removed.get(entry.jobId) ?? 0);
}

/** Nearly all pages are in one of a few states: one object for each of these, whatever the number of pages. */
function interner(): (page: PageState) => PageState {
  const shared = new Map<string, PageState>();
  return (page) => {
    if (page.requeuedInRun > 0 || page.retriedRun > 0 || page.itemVersion > 0) return page;
    const key = `${page.outcome} ${page.statusCode} ${page.hasRows}`;
    const found = shared.get(key);
    if (found) return found;
    shared.set(key, page);
    return page;
  };
}

function share(
  steps: readonly Step[],
  pages: FoldState['pages'],
  intern: (page: PageState) => PageState,
): void {
  for (const { entry, pageId } of steps) {
    if (isUnreadable(entry) || pageId === null) continue;
    const page = pages.get(pageId);
    if (page) pages.set(pageId, intern(page));
  }
}
