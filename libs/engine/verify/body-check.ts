import { createHash } from 'node:crypto';
import { isUnreadable, storedBodiesOf, type LogEntry } from '#libs/events';
import type { BodyArchive } from '#libs/engine/ports';
import { finding, type LogFinding } from './finding.js';

interface Referred {
  jobId: string;
  seq: number;
  url: string;
  sha256: string;
}

/** The stored bodies that an event refers to. */
export function bodiesOf(entry: LogEntry): Referred[] {
  if (isUnreadable(entry) || entry.type !== 'PageFetched') return [];
  const { jobId, seq, data } = entry;
  return storedBodiesOf(entry).map(({ sha256 }) => ({ jobId, seq, url: data.url, sha256 }));
}

/** @param deep read it and compare its hash, not only look whether it is there */
export async function checkBody(
  bodies: Pick<BodyArchive, 'has' | 'get'>,
  shard: number,
  { jobId, seq, url, sha256 }: Referred,
  deep: boolean,
): Promise<LogFinding[]> {
  const about = { shard, seq, jobId };
  const raw = deep ? await bodies.get(jobId, sha256) : null;
  if (deep ? raw === null : !(await bodies.has(jobId, sha256))) {
    const fix =
      'Check that SPOOR_HOME/bodies is the folder that the workers write to; restore it from a backup with --bodies; or fetch the page again: `spoor job retry`.';
    return [finding('body_missing', about, `The body of ${url} is not there (${sha256.slice(0, 12)}).`, fix)];
  }
  if (raw === null || createHash('sha256').update(raw).digest('hex') === sha256) return [];
  const fix = `Remove the file ${sha256} in SPOOR_HOME/bodies/${jobId}, then restore a backup with bodies or fetch the page again.`;
  return [finding('body_damaged', about, `The body of ${url} is damaged (${sha256.slice(0, 12)}).`, fix)];
}
