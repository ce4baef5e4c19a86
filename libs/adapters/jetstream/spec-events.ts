import { jobEventId, pageEventId, type EventData, type NewJobEvent, type NewPageEvent } from '#libs/events';
import { resolvedJobSpec } from '#libs/events';

/** Events for the specs of this adapter. */
const time = '2026-01-01T00:00:00.000Z';

export function started(
  jobId: string,
  start: string[] = ['https://a.test/'],
  commandId = 'start',
): NewJobEvent {
  const data: EventData<'JobStarted'> = {
    commandId,
    run: 1,
    generation: 1,
    spec: resolvedJobSpec.parse({}),
    start,
  };
  return { type: 'JobStarted', id: jobEventId(jobId, commandId), jobId, time, data };
}

export function paused(jobId: string, commandId: string, run = 1): NewJobEvent {
  const id = jobEventId(jobId, commandId);
  return { type: 'JobPaused', id, jobId, time, data: { commandId, run, by: 'user' } };
}

export function stopped(jobId: string, commandId: string, run = 1): NewJobEvent {
  return { type: 'JobStopped', id: jobEventId(jobId, commandId), jobId, time, data: { commandId, run } };
}

export function fetched(
  jobId: string,
  page: string | number,
  change: Partial<EventData<'PageFetched'>> = {},
): NewPageEvent {
  const url = `https://a.test/page/${page}`;
  const links = Array.from({ length: 40 }, (_, i) => `/companies/company-${page}-${i}-international`);
  const data: EventData<'PageFetched'> = {
    ...{ url, generation: 1, run: 1, try: 1, stage: 'default', depth: 1, attempt: 1 },
    ...{
      statusCode: 200,
      finalUrl: url,
      contentType: 'text/html',
      contentLength: 30_000,
      receivedBytes: 8000,
    },
    ...{ charset: 'utf-8', title: `Page ${page}`, h1: 'Heading', redirects: [], error: null, items: [] },
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-encoding': 'gzip',
      vary: 'accept-encoding',
    },
    robots: { policy: 'obey', allowed: true, confidence: 'high', reason: 'no rule matches', rule: null },
    timing: { startedAt: 1_767_225_600_000, durationMs: 12.5, ttfbMs: 8 },
    links: { follow: { default: links }, skip: {} },
    ...change,
  };
  return { type: 'PageFetched', id: pageEventId(jobId, data.run, data.url, data.try), jobId, time, data };
}
