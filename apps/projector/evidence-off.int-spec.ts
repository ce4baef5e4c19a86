import { connectLog } from '#libs/adapters/jetstream';
import { openDatabase } from '#libs/adapters/postgres';
import { newId, systemClock } from '#libs/adapters/system';
import { JobService } from '#libs/engine';
import { pageEventId, type NewPageEvent, type PageEventType } from '#libs/events';
import { resolveSpec } from '#libs/job';
import { createTestDatabase, startTestNats, until } from '#libs/testing';
import { History } from '#libs/testing/history';
import { rebuildProjection, startProjector } from './index.js';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const SITE = 'https://site.test/';

test('kinds of evidence that a job does without are written neither live nor by a rebuild', async () => {
  const [nats, store] = await Promise.all([startTestNats(), createTestDatabase()]);
  const log = await connectLog({ url: nats.url, shards: 1, name: 'evidence spec' });
  const db = await openDatabase(store.url);
  await db.migrate();
  const resources = { log, clock: systemClock, logger, config: { shards: 1 }, database: async () => db };
  const jobs = new JobService({ eventLog: log.eventLog, clock: systemClock, newId, shards: 1 });
  const off = ['http_headers', 'redirect_chain', 'robots_check', 'fetch_timing'];
  const jobIds: string[] = [];
  for (const evidenceOff of [off, []]) jobIds.push((await jobs.start({ start: [SITE], evidenceOff })).jobId);

  const hop = { url: SITE, statusCode: 302, location: '/b', ms: 1 };
  const record = async (
    type: PageEventType,
    jobId: string,
    history: History,
    path: string,
  ): Promise<void> => {
    const id = pageEventId(jobId, 1, SITE + path, 1);
    await log.eventLog.publishPage({ ...history.last, type, id, jobId } as NewPageEvent);
  };
  for (const jobId of jobIds) {
    await record('PageFetched', jobId, new History().fetched(SITE, [], { redirects: [hop] }), '');
    const failed = new History().add('FetchFailed', {
      ...{ url: `${SITE}gone`, generation: 1, run: 1, try: 1, stage: 'page', depth: 1, attempt: 1 },
      ...{ code: 'timeout', message: 'slow', statusCode: 0, finalUrl: `${SITE}gone`, redirects: [hop] },
    });
    await record('FetchFailed', jobId, failed, 'gone');
  }
  const types = async (jobId: string): Promise<string[]> =>
    (await db.readModels.evidence(jobId, {}, 100)).rows.map(({ type }) => type).sort();
  const dump = async (): Promise<string> => {
    let text = '';
    for await (const line of db.dump()) text += line;
    return text;
  };
  const projector = await startProjector(resources);
  try {
    await until(async () => (await db.readModels.job(jobIds[1]!))?.failed === 1);
    const always = ['fetch_error', 'http_response', 'http_response'];
    expect(await types(jobIds[0]!)).toEqual(always);
    expect(new Set(await types(jobIds[1]!))).toEqual(new Set([...always, ...off]));
    const live = await dump();
    await rebuildProjection(resources);
    expect(await dump()).toBe(live);
  } finally {
    await projector.close();
    await db.close();
    await log.close();
    await Promise.all([nats.stop(), store.drop()]);
  }
}, 60_000);

test.each(['http_response', 'fetch_error', 'nonsense'])('%s cannot be done without', (kind) => {
  expect(() => resolveSpec({ start: [SITE], evidenceOff: [kind] })).toThrow(/evidenceOff/);
});
