import { catalogue, type JobEvent, type StoredEvent } from '#libs/events';
import { foldDecisions } from '#libs/job';
import type { Facts } from '../harness/facts.js';

/** The api says what the log says, and its counters count the rows that are there. */
export function books({ run, events, jobs, rows, skipped }: Facts): string[] {
  const broken: string[] = [];
  for (const job of jobs) {
    const decisions = events.filter((event) => event.jobId === job.jobId && isDecision(event)) as JobEvent[];
    const state = foldDecisions(decisions);
    for (const field of ['status', 'run', 'generation'] as const)
      if (job[field] !== state?.[field])
        broken.push(`the api says ${field} ${job[field]} of ${job.jobId}, the log ${state?.[field]}`);
  }
  const counts = jobs.find(({ jobId }) => jobId === run.jobId)?.counts;
  const statusCodes: Record<string, number> = {};
  for (const { outcome, statusCode } of rows)
    if (outcome === 'fetched') statusCodes[statusCode] = (statusCodes[statusCode] ?? 0) + 1;
  const counted = {
    fetched: rows.filter(({ outcome }) => outcome === 'fetched').length,
    failed: rows.filter(({ outcome }) => outcome === 'failed').length,
    skipped: skipped.length,
    statusCodes,
  };
  const said = counts && {
    ...{ fetched: counts.fetched, failed: counts.failed, skipped: counts.skipped },
    statusCodes: counts.statusCodes,
  };
  if (JSON.stringify(said) !== JSON.stringify(counted))
    broken.push(`the counters say ${JSON.stringify(said)}, the rows ${JSON.stringify(counted)}`);
  return broken;
}

const isDecision = ({ type }: StoredEvent): boolean => catalogue[type].family === 'job';
