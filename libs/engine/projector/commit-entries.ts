import type { LogEntry } from '#libs/events';
import {
  UnstorableError,
  type Position,
  type ProjectionStore,
  type ProjectedState,
} from '#libs/engine/ports';
import {
  fold,
  jobIdsOf,
  pageIdsOf,
  plan,
  settledKeys,
  type Changes,
  type FoldState,
  type ParkedRecord,
  type Step,
} from '#libs/read-models';
import { describeError } from '../describe-error.js';
import type { HeldBackLinks } from './held-back-links.js';

export interface CommitContext {
  store: ProjectionStore;
  shard: number;
  codeVersion: string;
  held: HeldBackLinks;
  onParked: (parked: readonly ParkedRecord[]) => void;
}

export interface CommitRequest {
  entries: LogEntry[];
  expected: Position;
  /** Where the checkpoint stands once everything up to `seq` is in; the same as `expected` when parked events are folded anew. */
  nextAt: (seq: number, last: LogEntry | undefined) => Position;
  /** Sequence that the last commit covers. */
  upTo: number;
  /** A parked job whose events these are. */
  unpark?: string;
}

export interface Committed {
  position: Position;
  /** Jobs of these entries that wait behind a poison event now. */
  parkedJobs: ReadonlySet<string>;
}

/**
 * Folds entries and stores what comes of them. Data that cannot be stored is narrowed to its one event by halves: each half is a
 * commit of its own, so all that is sound comes in, and that event parks its job.
 */
export async function commitEntries(context: CommitContext, request: CommitRequest): Promise<Committed> {
  const { entries } = request;
  try {
    return await commitOnce(context, request, new Map());
  } catch (error) {
    context.held.clear();
    if (!(error instanceof UnstorableError)) throw error;
    if (entries.length <= 1)
      return commitOnce(context, request, new Map(entries.map((e) => [e.seq, error.message])));
    const half = entries.length >> 1;
    const first = entries.slice(0, half);
    const done = await commitEntries(context, { ...request, entries: first, upTo: first.at(-1)!.seq });
    if (request.unpark !== undefined && done.parkedJobs.has(request.unpark)) return done;
    return commitEntries(context, { ...request, entries: entries.slice(half), expected: done.position });
  }
}

async function commitOnce(
  { store, shard, codeVersion, held, onParked }: CommitContext,
  { entries, expected, nextAt, upTo, unpark }: CommitRequest,
  refused: ReadonlyMap<number, string>,
): Promise<Committed> {
  let steps: Step[] = [];
  let parked: readonly ParkedRecord[] = [];
  let state: FoldState = { jobs: new Map(), pages: new Map(), parkedJobs: new Set() };
  const next = nextAt(upTo, entries.at(-1));
  await store.commit({
    ...{ shard, expected, next },
    ...(unpark === undefined ? {} : { unpark: { jobId: unpark, upTo } }),
    jobIds: jobIdsOf(entries),
    fold: async ({ jobs, parkedJobs, pages }: ProjectedState): Promise<Changes> => {
      if (unpark !== undefined) parkedJobs.delete(unpark);
      steps = unstorable(() => plan(entries, jobs, held));
      state = { jobs, pages: await pages(pageIdsOf(steps)), parkedJobs };
      const changes = unstorable(() => fold(steps, state, { shard, codeVersion, refused }));
      parked = changes.parked;
      return changes;
    },
  });
  onParked(parked);
  held.add(settledKeys(steps, state.pages));
  return { position: next, parkedJobs: state.parkedJobs };
}

/** The fold is pure: what it throws it throws each time. */
function unstorable<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new UnstorableError(describeError(error), { cause: error });
  }
}
