import { statusAfter } from '#libs/job';
import { SpoorError } from '#libs/failures';
import type { Resources } from '#libs/hosting';

/** The job that was worked on last and is neither done nor removed. @throws SpoorError invalid_request */
export async function lastUnfinished({ log, config }: Resources): Promise<string> {
  const unfinished = [];
  for (let shard = 0; shard < config.shards; shard++)
    for (const decision of await log.eventLog.lastDecisions(shard))
      if (!['done', 'removed'].includes(statusAfter(decision))) unfinished.push(decision);
  const last = unfinished.sort((a, b) => b.storedAt - a.storedAt)[0];
  if (last) return last.jobId;
  throw new SpoorError('invalid_request', 'There is no unfinished job to resume.', {
    field: '--resume',
    hint: 'Start one: spoor crawl <url>. Finished jobs: spoor job ls.',
  });
}
