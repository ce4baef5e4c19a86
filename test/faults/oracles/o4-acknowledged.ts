import type { StoredEvent } from '#libs/events';
import type { Facts } from '../harness/facts.js';

/** What was acknowledged to anybody is in the log, at the sequence that was said; ids are unique, decisions follow one another. */
export function acknowledged({ run, entries, events }: Facts): string[] {
  const broken: string[] = [];
  const idAt = new Map(entries.map((entry) => [entry.seq, entry.id]));
  for (const { name, output } of run.stage.parts)
    for (const [, event, seq] of output.matchAll(STORED))
      if (idAt.get(Number(seq)) !== event)
        broken.push(
          `${name} was told that ${event} is at ${seq}; there is ${idAt.get(Number(seq)) ?? 'nothing'}`,
        );
  for (const { method, path, status, body } of run.api.said) {
    const seq = method === 'POST' && status < 300 ? (body as { seq?: number }).seq : undefined;
    if (seq !== undefined && !idAt.has(seq))
      broken.push(`${path} was answered with ${seq}, which is not there`);
  }
  const ids = new Map<string, number>();
  for (const { id, seq } of events) {
    if (ids.has(id)) broken.push(`${id} is at ${ids.get(id)} and at ${seq}`);
    ids.set(id, seq);
  }
  for (let n = 1; n < entries.length; n++)
    if (entries[n]!.seq !== entries[n - 1]!.seq + 1)
      broken.push(`between ${entries[n - 1]!.seq} and ${entries[n]!.seq} is a gap`);
  return [...broken, ...disorder(events)];
}

/** `"event":"…","jobId":"…","seq":7` of the line that an adapter writes for each acknowledgement. */
const STORED = /"event":"([^"]+)","jobId":"[^"]+","seq":(\d+),"msg":"stored"/g;

const RAISES = ['JobResumed', 'JobRestarted', 'PagesRequeued'];

/** Runs of a job count from 1 without gap, and nothing is decided on a job that is not in the state for it. */
function disorder(events: StoredEvent[]): string[] {
  const broken: string[] = [];
  const jobs = new Map<string, { run: number; isRunning: boolean }>();
  for (const { type, jobId, seq, data } of events) {
    if ('try' in data) continue;
    const job = jobs.get(jobId);
    if (type === 'JobStarted') {
      if (job) broken.push(`${jobId} is started once more at ${seq}`);
      jobs.set(jobId, { run: 1, isRunning: true });
      continue;
    }
    if (!job) {
      broken.push(`${type} at ${seq} is of a job that was not started`);
      continue;
    }
    const run = 'run' in data ? data.run : job.run;
    const isRaise = RAISES.includes(type);
    if (run !== job.run + (isRaise ? 1 : 0))
      broken.push(`${type} at ${seq} is of run ${run}, behind ${job.run}`);
    if (type === 'JobResumed' && job.isRunning) broken.push(`${jobId} is resumed at ${seq} while it runs`);
    jobs.set(jobId, { run, isRunning: isRaise });
  }
  return broken;
}
