import { createHash } from 'node:crypto';
import { isJobId, jobId as makeJobId, shardOf, type LogEntry } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { foldDecisions, type JobState, type JobStatus } from '#libs/job';
import type { BodyArchive, Clock, EventLog, JobArchive } from '#libs/engine/ports';
import { copyHistory } from '../copies/index.js';
import { appendDecision } from '../jobs/index.js';
import { archivedBodies, archivedEvents, checkArchive, type ReadArchive } from './read-archive.js';

const BATCH = 500;

export interface ImportDeps {
  eventLog: Pick<EventLog, 'readDecisions' | 'pageEventIds' | 'appendJob' | 'publishPage'>;
  bodies: Pick<BodyArchive, 'put' | 'has'>;
  clock: Pick<Clock, 'now'>;
  trace?: (() => string) | undefined;
  shards: number;
}

export interface ImportOptions {
  /** Default: its own where that was never used, else one that follows from the archive. */
  as?: string | undefined;
  reason?: string | undefined;
  /** Id of the API key whose job it becomes; default: the operator's. */
  owner?: string | undefined;
  /** Events that are in the log so far. */
  onProgress?: ((events: number) => void) | undefined;
}

export interface ImportAnswer {
  jobId: string;
  /** The job that was exported, and the last sequence of its history. */
  from: { jobId: string; seq: number };
  status: JobStatus;
  /** Of JobImported. */
  seq: number;
  events: number;
  bodies: number;
  /** Nothing was left to do: this archive is that job already. */
  already: boolean;
}

/**
 * Makes a job of an archive. All of the archive is checked before anything is stored. Which job it becomes follows from the archive, so
 * an import that was interrupted is finished by the same call, and one that was not is found. It does not run before it is resumed.
 *
 * @throws SpoorError invalid_request; conflict when `as` is another job
 */
export async function importJob(
  deps: ImportDeps,
  archive: JobArchive,
  options: ImportOptions = {},
): Promise<ImportAnswer> {
  const checked = await checkArchive(archive);
  const { manifest } = checked;
  const from = { jobId: manifest.jobId, seq: manifest.range.last };
  const commandId = `import-${checked.sha256.slice(0, 32)}`;
  const { jobId, state } = await target(deps, checked, commandId, options.as);
  const answer = { jobId, from, events: manifest.events.count, bodies: manifest.bodies?.files.length ?? 0 };
  const before = state?.commands.get(commandId);
  if (state && before !== undefined) return { ...answer, status: state.status, seq: before, already: true };

  for await (const { sha256, raw } of archivedBodies(archive)) {
    const stored = await deps.bodies.put(jobId, raw, { encoding: 'identity', contentType: null });
    if (stored.sha256 !== sha256)
      throw new SpoorError('conflict', `${archive.name} was changed while it was imported.`);
  }
  const source = {
    ...{ jobId: from.jobId, upTo: from.seq, entries: batches(archive) },
    bringBody: (to: string, sha256: string) => deps.bodies.has(to, sha256),
  };
  const counts = await copyHistory(deps.eventLog, source, jobId, options.onProgress);
  const seq = await appendDecision(deps, jobId, await stateOf(deps, jobId), {
    ...{ type: 'import', commandId, reason: options.reason, owner: options.owner },
    copy: { from, sha256: manifest.events.sha256, events: counts.events, bodies: counts.bodies.linked },
  });
  const { status } = (await stateOf(deps, jobId))!;
  return { ...answer, bodies: counts.bodies.linked, status, seq, already: false };
}

interface Target {
  jobId: string;
  state: JobState | null;
}

/**
 * An id that was ever used is not used again, that of a removed job neither: within its dedupe window the log would take the new
 * events for the old ones.
 */
async function target(
  deps: ImportDeps,
  { manifest, sha256 }: ReadArchive,
  commandId: string,
  as: string | undefined,
): Promise<Target> {
  const { jobId: own, range } = manifest;
  const isIt = (state: JobState | null): boolean =>
    state === null ||
    (state.status !== 'removed' && state.commands.has(commandId)) ||
    (state.copying?.jobId === own && state.copying.upTo === range.last);
  if (as !== undefined) {
    if (!isPossible(as, deps.shards))
      throw new SpoorError('invalid_request', `--as: ${as} is no job id here`, { field: '--as' });
    const state = await stateOf(deps, as);
    if (isIt(state)) return { jobId: as, state };
    throw new SpoorError('conflict', `Job ${as} exists already, with another history.`, {
      ...{ field: '--as', hint: 'Leave the id out to have a new one.' },
    });
  }
  for (let n = 0; ; n++) {
    const jobId = n === 0 ? own : derivedId(sha256, n, isPossible(own, deps.shards) ? shardOf(own) : 0);
    if (!isPossible(jobId, deps.shards)) continue;
    const state = await stateOf(deps, jobId);
    if (isIt(state)) return { jobId, state };
  }
}

const isPossible = (jobId: string, shards: number): boolean => isJobId(jobId) && shardOf(jobId) < shards;

function derivedId(sha256: string, n: number, shard: number): string {
  const digest = createHash('sha256').update(`${sha256} ${n}`).digest('hex');
  return makeJobId(
    shard,
    BigInt(`0x${digest.slice(0, 20)}`)
      .toString(36)
      .padStart(16, '0'),
  );
}

const stateOf = async ({ eventLog }: ImportDeps, jobId: string): Promise<JobState | null> =>
  foldDecisions(await eventLog.readDecisions(jobId, { bulk: false }));

async function* batches(archive: JobArchive): AsyncGenerator<LogEntry[], void, undefined> {
  let batch: LogEntry[] = [];
  for await (const event of archivedEvents(archive)) {
    if (batch.push(event) < BATCH) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}
