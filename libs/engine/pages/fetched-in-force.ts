import { isUnreadable, type StoredEvent } from '#libs/events';
import { Frontier, type HashKey } from '#libs/job';
import type { EventLog } from '#libs/engine/ports';

type Fetched = StoredEvent<'PageFetched'>;

/** The response that counts of each page of the present generation, in the order of the log. */
export async function* fetchedInForce(
  eventLog: Pick<EventLog, 'readJob' | 'readDecisions'>,
  jobId: string,
  hashKey: HashKey,
): AsyncGenerator<Fetched> {
  const last = new Map<string, number>();
  let generation = 1;
  for (const decision of await eventLog.readDecisions(jobId)) {
    if (decision.type === 'JobRestarted') generation = decision.data.generation;
    if (decision.type === 'PagesRequeued') for (const url of decision.data.urls) last.set(url, 0);
  }
  // Which outcome of a page that was asked for again is its last one is known only at the end.
  if (last.size > 0)
    for await (const event of closing(eventLog, jobId, hashKey))
      if (last.has(event.data.url)) last.set(event.data.url, event.seq);
  for await (const event of closing(eventLog, jobId, hashKey))
    if (event.type === 'PageFetched' && event.data.generation === generation)
      if ((last.get(event.data.url) ?? event.seq) === event.seq) yield event;
}

type Closing = StoredEvent<'PageFetched' | 'FetchFailed' | 'PageSkipped'>;

async function* closing(
  eventLog: Pick<EventLog, 'readJob'>,
  jobId: string,
  hashKey: HashKey,
): AsyncGenerator<Closing> {
  const frontier = new Frontier(jobId, hashKey);
  for await (const { entries } of eventLog.readJob(jobId))
    for (const entry of entries) {
      if (isUnreadable(entry)) continue;
      frontier.apply(entry);
      frontier.takeOpened();
      if (frontier.closedAt === entry.seq) yield entry as Closing;
    }
}
