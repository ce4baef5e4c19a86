import type { Clock, EventLog, ProxyCheck } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import { decide, type JobState, type PageSelection } from '#libs/job';
import { preflight, refusedBy } from './preflight.js';
import { selectPages, type PageLists, type SelectedPages } from './requeue-pages.js';

/** URLs that an answer shows of a requeue; the event holds them all. */
const SHOWN_URLS = 100;

export interface RequeueJobDeps {
  eventLog: Pick<EventLog, 'head' | 'readDecisions'>;
  clock: Pick<Clock, 'now' | 'monotonic' | 'sleep'>;
  /** Tries the way before a job with a proxy is resumed; without it such a job cannot be resumed here. */
  proxyCheck?: ProxyCheck | undefined;
  /** Where the filter of a requeue is resolved; without it there is no requeue here. */
  readModels?: (() => Promise<PageLists>) | undefined;
  /** How long it waits for read models that are behind; default 10 s. */
  requeueWaitMs?: number | undefined;
}

/** Which pages of a job are to be fetched again, and whether they can be. */
export class RequeueJob {
  constructor(private readonly deps: RequeueJobDeps) {}

  /** @throws SpoorError as `select`; the proxy's own code when the job does not run and the way through its proxy is not open */
  async choose(jobId: string, state: JobState, selection: PageSelection): Promise<SelectedPages> {
    const selected = await this.select(jobId, state, selection);
    await this.tryWay(jobId, state, selected.urls[0]!);
    return selected;
  }

  /** Changes nothing. @throws SpoorError invalid_request with the field; impossible_transition; store_unavailable */
  select(jobId: string, state: JobState, selection: PageSelection): Promise<SelectedPages> {
    const { eventLog, clock, readModels, requeueWaitMs: catchUpMs } = this.deps;
    if (!readModels)
      throw new SpoorError('store_unavailable', 'Pages cannot be selected without read models.');
    // Whether the job takes it at all comes before what it would be.
    decide(jobId, state, { type: 'requeue', commandId: '', filter: {}, urls: [] });
    return selectPages({ eventLog, clock, readModels, catchUpMs }, jobId, state, selection);
  }

  /** A run that goes on finds out about its proxy by itself; one that would begin asks first, as a resume does. */
  private async tryWay(jobId: string, { status, spec }: JobState, url: string): Promise<void> {
    if (status === 'running') return;
    const way = await preflight(this.deps.proxyCheck, jobId, spec, url);
    if (way?.ok === false) throw refusedBy(way, `No page of job ${jobId} is fetched again`);
  }
}

/** As it is answered. */
export const shownOf = (urls: string[]): { pages: number; urls: string[] } => ({
  pages: urls.length,
  urls: urls.slice(0, SHOWN_URLS),
});
