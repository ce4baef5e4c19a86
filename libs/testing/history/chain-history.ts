import { jobEventId, pageEventId, type EventData, type NewJobEvent, type NewPageEvent } from '#libs/events';
import type { StoredEvent } from '#libs/events';
import { History } from './history.js';

interface Log {
  appendJob(event: NewJobEvent, expectedSeq: number): Promise<{ seq: number }>;
  publishPage(event: NewPageEvent, options: { alone: true }): Promise<{ seq: number }>;
}

export const SITE = 'https://site.test';
export const page = (path: string): string => SITE + path;

const links = (...paths: string[]) => ({ follow: { page: paths }, skip: { 'exclude:/login': ['/login'] } });

/**
 * A history in which the order matters everywhere: pages that are known only by the page before, a retry, pages that were asked for
 * again and one of these that is still open, a decision of each kind on the way.
 */
export function chainHistory(jobId: string): StoredEvent[] {
  const scope = { exclude: ['/login'] };
  const history = new History(jobId).started({ start: [page('/0')], scope, name: 'chain' });
  for (let n = 0; n < 12; n++) {
    if (n === 4) history.retried(page('/4'));
    const items = [{ index: 0, data: { n } }];
    history.fetched(page(`/${n}`), [], {
      ...{ title: `Page ${n}`, items, try: n === 4 ? 2 : 1 },
      links: links(`/${n + 1}`, '/side'),
    });
  }
  history.add('JobPaused', { commandId: 'pause', run: 1, by: 'user', reason: 'lunch' });
  history.add('JobResumed', { commandId: 'resume', run: 2, changes: { politeness: { perHost: 7 } } });
  history.fetched(page('/12'), [], { run: 2, links: links('/13', '/14', '/15') });
  history.add('PagesRequeued', { commandId: 'requeue', run: 3, filter: {}, urls: [page('/2'), page('/5')] });
  history.fetched(page('/5'), [], { run: 3, statusCode: 404, title: 'gone' });
  history.fetched(page('/13'), [], { run: 2 });
  history.add('JobStopped', { commandId: 'stop', run: 3 });
  return history.events;
}

/** Writes it to a log as an engine would have. @returns the sequences, in order */
export async function record(eventLog: Log, events: readonly StoredEvent[]): Promise<number[]> {
  const seqs: number[] = [];
  let decided = 0;
  for (const { type, jobId, data, time } of events) {
    if ('commandId' in data) {
      const id = jobEventId(jobId, data.commandId);
      decided = (await eventLog.appendJob({ type, id, jobId, data, time } as NewJobEvent, decided)).seq;
      seqs.push(decided);
    } else {
      const { run, url, try: tryNo } = data as EventData<'PageFetched'>;
      const id = pageEventId(jobId, run, url, tryNo);
      const event = { type, id, jobId, data, time } as NewPageEvent;
      seqs.push((await eventLog.publishPage(event, { alone: true })).seq);
    }
  }
  return seqs;
}
