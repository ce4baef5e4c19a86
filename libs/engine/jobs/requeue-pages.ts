import { hostOf, shardOf } from '#libs/events';
import type { JobEvent, StoredEvent } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { resolveSelection, urlTest, type JobState, type PageFilterSpec, type PageSelection } from '#libs/job';
import { pageIdOf } from '#libs/read-models';
import type { Clock, Cursor, EventLog, PageFilter, ReadModels } from '#libs/engine/ports';

/** How long a command waits for read models that are behind. */
const CATCH_UP_MS = 10_000;
const LOOK_MS = 25;
const PAGE = 1000;
const IDS = 5000;

/** The part of the read models that tells which pages a command means. */
export type PageLists = Pick<ReadModels, 'pages' | 'skipped' | 'withOutcome' | 'position'>;

export interface RequeueDeps {
  eventLog: Pick<EventLog, 'head' | 'readDecisions'>;
  clock: Pick<Clock, 'monotonic' | 'sleep'>;
  /** Where filters are resolved. */
  readModels: () => Promise<PageLists>;
  catchUpMs?: number | undefined;
}

/** The pages that a command names, and how it named them: what PagesRequeued carries. */
export interface SelectedPages {
  filter: Record<string, unknown>;
  urls: string[];
}

/**
 * Finds the pages that somebody wants again, as the read models tell them once they have seen all that the log held at the call.
 * @throws SpoorError invalid_request when nothing matches or a URL has no outcome; store_unavailable when they stay behind
 */
export async function selectPages(
  deps: RequeueDeps,
  jobId: string,
  state: JobState,
  selection: PageSelection,
): Promise<SelectedPages> {
  const wanted = resolveSelection(selection);
  await refuseSpentBudget(deps, jobId, state);
  const readModels = await deps.readModels();
  await caughtUp(deps, readModels, jobId);
  if ('urls' in wanted) {
    await checkKnown(readModels, jobId, state.generation, wanted.urls);
    return { filter: {}, urls: wanted.urls };
  }
  const urls = new Set<string>();
  for await (const url of matching(readModels, jobId, wanted.filter)) urls.add(url);
  if (urls.size === 0)
    throw new SpoorError('invalid_request', `No page of job ${jobId} matches the filter.`, {
      field: 'filter',
      hint: `See what there is: spoor page ls ${jobId}, or GET /api/jobs/${jobId}/pages.`,
    });
  return { filter: wanted.filter, urls: [...urls] };
}

/** Such a job would be complete again before it had fetched anything. */
async function refuseSpentBudget({ eventLog }: RequeueDeps, jobId: string, state: JobState): Promise<void> {
  if (state.status !== 'done') return;
  const last = (await eventLog.readDecisions(jobId, { bulk: false })).at(-1);
  const because = isCompleted(last) ? last.data.because : null;
  if (because !== 'max-duration' && because !== 'max-bytes') return;
  throw new SpoorError('impossible_transition', `Job ${jobId} has used up its budget (${because}).`, {
    hint: 'Start another job with these URLs.',
  });
}

const isCompleted = (event: JobEvent | undefined): event is StoredEvent<'JobCompleted'> =>
  event?.type === 'JobCompleted';

async function caughtUp({ eventLog, clock, catchUpMs }: RequeueDeps, readModels: PageLists, jobId: string) {
  const shard = shardOf(jobId);
  const { lastSeq } = await eventLog.head(shard);
  const deadline = clock.monotonic() + (catchUpMs ?? CATCH_UP_MS);
  while ((await readModels.position(shard)) < lastSeq) {
    if (clock.monotonic() >= deadline)
      throw new SpoorError(
        'store_unavailable',
        'The read models are behind the log, so which pages match cannot be told.',
        { hint: 'Let the projector catch up (spoor up runs one), then try again. Nothing was changed.' },
      );
    await clock.sleep(LOOK_MS);
  }
}

async function checkKnown(readModels: PageLists, jobId: string, generation: number, urls: string[]) {
  for (let from = 0; from < urls.length; from += IDS) {
    const ids = urls.slice(from, from + IDS).map((url) => pageIdOf(jobId, generation, url));
    const known = await readModels.withOutcome(jobId, ids);
    const unknown = ids.findIndex((id) => !known.has(id));
    if (unknown === -1) continue;
    const field = `urls[${from + unknown}]`;
    throw new SpoorError('invalid_request', `${field}: is no page of job ${jobId} with an outcome`, {
      field,
    });
  }
}

async function* matching(
  readModels: PageLists,
  jobId: string,
  filter: PageFilterSpec,
): AsyncGenerator<string> {
  const { outcome, statusCode, stage, errorCode, host, pageId } = filter;
  const matches = urlTest(filter);
  if (outcome !== 'skipped') {
    const { urlPattern: _, outcome: __, ...rest } = filter;
    const rowFilter = withoutUndefined({ ...rest, ...(outcome === undefined ? {} : { outcome }) });
    for await (const { url } of all((cursor) => readModels.pages(jobId, rowFilter, PAGE, cursor)))
      if (matches(url)) yield url;
  }
  // A skipped page was not requested and has no status; of its stage nothing is kept.
  if ((outcome ?? 'skipped') !== 'skipped' || statusCode !== undefined || stage !== undefined) return;
  const skippedFilter = pageId === undefined ? {} : { pageId };
  for await (const page of all((cursor) => readModels.skipped(jobId, skippedFilter, PAGE, cursor)))
    if ((errorCode ?? page.code) === page.code && (host ?? hostOf(page.url)) === hostOf(page.url))
      if (matches(page.url)) yield page.url;
}

const withoutUndefined = (filter: { [K in keyof PageFilter]: PageFilter[K] | undefined }): PageFilter =>
  Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));

async function* all<T>(list: (cursor?: string) => Promise<Cursor<T>>): AsyncGenerator<T> {
  let cursor: string | undefined;
  do {
    const { rows, next } = await list(cursor);
    yield* rows;
    cursor = next ?? undefined;
  } while (cursor !== undefined);
}
