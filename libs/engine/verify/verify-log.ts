import { isUnreadable, type UnreadableEvent } from '#libs/events';
import type { BodyArchive, EventLog, FetchQueue, LogAudit, ProjectionStore } from '#libs/engine/ports';
import type { HashKey } from '#libs/job';
import { bodiesOf, checkBody } from './body-check.js';
import { finding, RESTORE, type LogFinding } from './finding.js';
import { JobCheck } from './job-check.js';
import { checkQueue, checkReadModels } from './reader-check.js';
import { SequenceCheck } from './sequence-check.js';

export interface VerifyDeps {
  audit: LogAudit;
  eventLog: Pick<EventLog, 'eventIdAt' | 'head'>;
  hashKey: HashKey;
  /** Null: not looked at. */
  bodies: Pick<BodyArchive, 'has' | 'get'> | null;
  fetchQueue: Pick<FetchQueue, 'snapshot'> | null;
  projectionStore: (() => Promise<Pick<ProjectionStore, 'checkpoint' | 'parked'>>) | null;
}

export interface ShardReport {
  shard: number;
  stream: string;
  lastSeq: number;
  events: number;
  jobs: number;
  /** Stored bodies that events refer to. */
  bodies: number;
}

interface Found {
  findings: LogFinding[];
}

export interface VerifyReport extends Found {
  shards: ShardReport[];
}

/**
 * Reads the whole log once. Memory: about 250 bytes for each event, for ids and known pages.
 * @throws SpoorError store_unavailable
 */
export async function verifyLog(
  deps: VerifyDeps,
  { shards, deep }: { shards: number; deep: boolean },
): Promise<VerifyReport> {
  const report: VerifyReport = { shards: [], findings: [] };
  for (let shard = 0; shard < shards; shard += 1) {
    const { findings, ...rest } = await verifyShard(deps, shard, deep);
    report.shards.push(rest);
    report.findings.push(...findings);
  }
  return report;
}

async function verifyShard(deps: VerifyDeps, shard: number, deep: boolean): Promise<ShardReport & Found> {
  const { audit, eventLog, fetchQueue, projectionStore } = deps;
  // Looked up before the log: what is released meanwhile must not seem to be ahead of it.
  const queue = fetchQueue && (await fetchQueue.snapshot(shard));
  const before = await audit.state(shard);
  const { sequence, ...seen } = await readThrough(deps, shard, deep);
  // Later: a job that is removed meanwhile takes its events along.
  const { deleted, firstSeq } = await audit.state(shard);
  const findings = [...sequence.findings({ ...before, deleted, firstSeq }), ...seen.findings];
  if (queue) findings.push(...checkQueue(queue.batches, shard, before));
  if (projectionStore) findings.push(...(await checkReadModels(eventLog, projectionStore, shard)));
  const { stream, lastSeq } = before;
  return { shard, stream, lastSeq, ...seen, findings };
}

async function readThrough(
  { audit, hashKey, bodies }: VerifyDeps,
  shard: number,
  deep: boolean,
): Promise<Pick<ShardReport, 'events' | 'jobs' | 'bodies'> & Found & { sequence: SequenceCheck }> {
  const sequence = new SequenceCheck(shard);
  const jobs = new Map<string, JobCheck>();
  const removed = new Set<string>();
  const found: LogFinding[] = [];
  let [events, referred] = [0, 0];
  for await (const batch of audit.entries(shard))
    for (const audited of batch) {
      const { entry } = audited;
      const { seq, type, jobId } = entry;
      events += 1;
      sequence.see(seq, type === 'JobRemoved');
      if (type === 'JobRemoved' && jobId !== null) removed.add(jobId);
      if (isUnreadable(entry)) found.push(unreadable(shard, entry));
      if (jobId !== null) found.push(...jobOf(jobs, shard, jobId, hashKey).see(audited));
      for (const body of bodies ? bodiesOf(entry) : []) {
        referred += 1;
        found.push(...(await checkBody(bodies!, shard, body, deep)));
      }
    }
  // Of a removed job anything may be gone already.
  const findings = found.filter(({ jobId }) => jobId === undefined || !removed.has(jobId));
  return { events, jobs: jobs.size, bodies: referred, findings, sequence };
}

function jobOf(jobs: Map<string, JobCheck>, shard: number, jobId: string, hashKey: HashKey): JobCheck {
  const known = jobs.get(jobId);
  if (known) return known;
  const fresh = new JobCheck(shard, jobId, hashKey);
  jobs.set(jobId, fresh);
  return fresh;
}

function unreadable(shard: number, { seq, jobId, reason }: UnreadableEvent): LogFinding {
  const about = { shard, seq, ...(jobId === null ? {} : { jobId }) };
  const fix = reason.startsWith('written by newer')
    ? 'Use the version of Spoor that wrote it, or a newer one.'
    : RESTORE;
  return finding('unreadable_event', about, `Event ${seq} cannot be read: ${reason}.`, fix);
}
