import type { StoredEvent } from '#libs/events';
import { SpoorError } from '#libs/failures';
import type { HashKey, JobState } from '#libs/job';
import type { Bodies, Clock, EventLog, WarcRecords } from '#libs/engine/ports';
import { PageNames, type NamedPages } from '../named-pages.js';
import { fetchedInForce } from '../pages/fetched-in-force.js';

export interface ExportWarcDeps {
  eventLog: Pick<EventLog, 'readJob' | 'readDecisions'>;
  /** Null when there is no such job. */
  state(jobId: string): Promise<JobState | null>;
  clock: Pick<Clock, 'now'>;
  hashKey: HashKey;
  bodies: Pick<Bodies, 'get'>;
  records: WarcRecords;
}

export interface ExportWarcOptions {
  /** Takes the file's bytes in their order; may answer a promise to be waited for. */
  write: (chunk: Uint8Array) => void | Promise<void>;
  /** Told after each page. */
  onProgress?: ((pages: number) => void) | undefined;
}

export interface WarcReport {
  jobId: string;
  responses: number;
  /** Redirects that led to these responses, a record each. */
  redirects: number;
  /** Responses of which only the beginning was read. */
  truncated: number;
  /** Pages with a response that is not in the file, since its body was not kept, or is not there any more. */
  withoutBody: NamedPages;
}

const CONFORMS_TO = 'http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/';

/**
 * Writes what a job received and keeps as a WARC file: of each page the response that counts, in the order of the log. One body at
 * a time is in memory.
 * @throws SpoorError job_not_found; impossible_transition when it was removed
 */
export async function exportWarc(
  deps: ExportWarcDeps,
  jobId: string,
  { write, onProgress }: ExportWarcOptions,
): Promise<WarcReport> {
  const { eventLog, clock, hashKey, bodies, records } = deps;
  const state = await deps.state(jobId);
  if (!state) throw new SpoorError('job_not_found', `There is no job ${jobId}.`, { field: 'jobId' });
  if (state.status === 'removed')
    throw new SpoorError('impossible_transition', `Job ${jobId} cannot be exported: it was removed.`);
  const put = async (chunks: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of chunks) await write(chunk);
  };
  const about = { software: 'Spoor', format: 'WARC File Format 1.1', conformsTo: CONFORMS_TO };
  const { robots, userAgent } = state.spec.politeness;
  const how = { isPartOf: jobId, robots, 'http-header-user-agent': userAgent };
  await put(records.info(clock.now(), { ...about, ...how }));
  const report = { jobId, responses: 0, redirects: 0, truncated: 0 };
  const withoutBody = new PageNames();
  let pages = 0;
  for await (const event of fetchedInForce(eventLog, jobId, hashKey)) {
    const payload = await payloadOf(event, bodies);
    if (payload) {
      await put(records.page(event, payload));
      report.responses++;
      report.redirects += event.data.redirects.length;
      if (event.data.body?.truncated) report.truncated++;
    } else withoutBody.add(event.data.url);
    onProgress?.(++pages);
  }
  return { ...report, withoutBody: withoutBody.result };
}

async function payloadOf(
  { jobId, data }: StoredEvent<'PageFetched'>,
  bodies: Pick<Bodies, 'get'>,
): Promise<Uint8Array | null> {
  const { body, receivedBytes, robots } = data;
  if (body) return bodies.get(jobId, body.sha256);
  const wasRead = robots.policy === 'ignore' || robots.allowed;
  // There was none to be kept.
  return wasRead && receivedBytes === 0 ? new Uint8Array() : null;
}
