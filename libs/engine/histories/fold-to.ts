import { isUnreadable, shardOf, type LogEntry } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { Frontier, type HashKey } from '#libs/job';
import type { EventLog } from '#libs/engine/ports';
import { lastSeqAt, type Moment } from './moment.js';

export type HistoryLog = Pick<EventLog, 'readJob' | 'head' | 'seqAt'>;

/**
 * The sequence up to which a job is folded for a moment; of null, the log's end.
 * @throws SpoorError invalid_request when the log does not go so far
 */
export async function seqOfMoment(
  log: HistoryLog,
  jobId: string,
  at: Moment | null,
  field: string,
): Promise<number> {
  const shard = shardOf(jobId);
  const { lastSeq } = await log.head(shard);
  if (at === null) return lastSeq;
  const seq = Math.min(await lastSeqAt(log, shard, at), 'time' in at ? lastSeq : Infinity);
  if (seq <= lastSeq) return seq;
  throw new SpoorError('invalid_request', `${field}: the log ends at ${lastSeq}`, { field });
}

/** Entries of a job up to a sequence, and no more is read. */
export async function* entriesTo(
  log: HistoryLog,
  jobId: string,
  toSeq: number,
): AsyncGenerator<LogEntry, void, undefined> {
  for await (const { entries, upTo } of log.readJob(jobId)) {
    for (const entry of entries) {
      if (entry.seq > toSeq) return;
      yield entry;
    }
    if (upTo >= toSeq) return;
  }
}

/** The fold of a job up to a sequence. */
export async function foldTo(
  log: HistoryLog,
  hashKey: HashKey,
  jobId: string,
  toSeq: number,
): Promise<Frontier> {
  const frontier = new Frontier(jobId, hashKey);
  for await (const entry of entriesTo(log, jobId, toSeq)) {
    if (isUnreadable(entry)) continue;
    frontier.apply(entry);
    frontier.takeOpened();
  }
  return frontier;
}

export const notThere = (jobId: string): SpoorError =>
  new SpoorError('job_not_found', `There is no job ${jobId.slice(0, 60)}.`, { field: 'jobId' });

/** @throws SpoorError invalid_request: the job began later */
export const beforeItBegan = (field: string): SpoorError =>
  new SpoorError('invalid_request', `${field}: the job had not begun then`, {
    field,
    hint: 'Its first event: spoor job show <jobId> --limit 1.',
  });
