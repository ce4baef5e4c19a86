import { shardOf } from '#libs/events';
import { resolveSpec } from '#libs/job';

const AT_ONCE = 512;
const NEW_LINKS = 5;
const OLD_LINKS = 15;

const path = (i) => `/section-${i % 97}/list-${i % 1013}/page-${i}.html`;

/**
 * Writes the history of a job that knows `known` URLs and has fetched a fifth of them: what a crawl would have left, without the crawl.
 * The job is running when it ends.
 */
export async function writeHistory(eventLog, { jobId, origin, known, say }) {
  const { spec, start } = resolveSpec({
    start: [`${origin}${path(0)}`],
    politeness: { concurrency: 32, perHost: 32, delayMs: 0, robots: 'ignore' },
  });
  const time = new Date().toISOString();
  const ref = { jobId, time };
  await eventLog.appendJob(
    {
      ...{ ...ref, type: 'JobStarted', id: `${jobId}:cmd:start` },
      data: { commandId: 'start', run: 1, generation: 1, spec, start },
    },
    0,
  );
  const stage = spec.stages[0].name;
  const robots = {
    policy: 'ignore',
    allowed: true,
    confidence: 'medium',
    reason: 'robots.txt is ignored',
    rule: null,
  };
  const event = (i) => {
    const links = [];
    for (let k = 1; k <= NEW_LINKS; k += 1) links.push(path(i * NEW_LINKS + k));
    for (let k = 0; k < OLD_LINKS; k += 1) links.push(path((i * 7919 + k * 104_729) % (i * NEW_LINKS + 1)));
    const url = `${origin}${path(i)}`;
    return {
      ...{ ...ref, type: 'PageFetched', id: `${jobId}:1:${i}:1` },
      data: {
        ...{
          url,
          generation: 1,
          run: 1,
          try: 1,
          stage,
          depth: 1,
          attempt: 1,
          statusCode: 200,
          finalUrl: url,
        },
        ...{ contentType: 'text/html', contentLength: 30_000, receivedBytes: 9000, charset: 'utf-8' },
        ...{ title: `The title of page ${i}`, h1: `The heading of page ${i}` },
        headers: { 'content-type': 'text/html', 'content-encoding': 'gzip', server: 'bench' },
        ...{ redirects: [], robots, timing: { startedAt: 0, durationMs: 12.5, ttfbMs: 10 }, error: null },
        ...{ links: { follow: { [stage]: links }, skip: {} }, items: [] },
      },
    };
  };
  const fetched = Math.floor(known / NEW_LINKS);
  let next = 0;
  const publish = async () => {
    while (next < fetched) {
      const i = next++;
      if (i % 50_000 === 0)
        say(`history: ${i.toLocaleString('en')} of ${fetched.toLocaleString('en')} events`);
      await eventLog.publishPage(event(i));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, publish));
  return { fetched, lastSeq: (await eventLog.head(shardOf(jobId))).lastSeq };
}
