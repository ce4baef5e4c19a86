import { createFileBodies } from '#libs/adapters/bodies';
import { createPageParser } from '#libs/adapters/html';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { openDatabase, type OpenDatabase } from '#libs/adapters/postgres';
import { newHashKey, newId, systemClock } from '#libs/adapters/system';
import type { EventData, NewJobEvent } from '#libs/events';
import type { EventLog, PageParser } from '#libs/engine/ports';
import { createTestDatabase, startTestNats, testDir, type TestDatabase, type TestNats } from '#libs/testing';
import { History, page, record } from '#libs/testing/history';
import { JobService } from '../jobs/index.js';
import { Projector, rebuildReadModels } from '../projector/index.js';
import { Reextraction } from './index.js';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const PAGES = 12;
const OLD = [{ name: 'page', fields: { name: { selector: 'h2' }, price: { selector: '.price' } } }];
const NEW = [{ name: 'page', fields: { name: { selector: 'h1' }, price: { selector: '.price' } } }];
const NEWER = [{ name: 'page', items: 'li', fields: { name: { selector: ':scope' } } }];

describe('extraction from stored bodies, on a real log and a real database', () => {
  let nats: TestNats;
  let store: TestDatabase;
  let log: JetStreamHandle;
  let db: OpenDatabase;
  let jobId: string;
  const bodies = createFileBodies({ dir: testDir('reextraction') });

  beforeAll(async () => {
    [nats, store] = await Promise.all([startTestNats(), createTestDatabase()]);
    log = await connectLog({ url: nats.url, shards: 1, name: 'reextraction spec' });
    db = await openDatabase(store.url);
    await db.migrate();
  }, 60_000);
  afterAll(async () => {
    await db.close();
    await log.close();
    await Promise.all([nats.stop(), store.drop()]);
  });
  beforeEach(async () => {
    jobId = jobs().newJobId();
    await record(log.eventLog, (await crawled()).add('JobStopped', { commandId: 'stop', run: 1 }).events);
  });

  const jobs = (): JobService =>
    new JobService({ eventLog: log.eventLog, clock: systemClock, newId, shards: 1, bodies });
  const reextraction = (
    eventLog: EventLog = log.eventLog,
    parser: PageParser = createPageParser(),
  ): Reextraction =>
    new Reextraction({
      ...{ eventLog, clock: systemClock, hashKey: newHashKey(), newId, bodies, parser },
      state: (id) => jobs().state(id),
      decode: async (raw) => raw,
    });
  const html = (n: number): Buffer =>
    Buffer.from(`<h1>Name ${n}</h1><p class="price">${n}</p><ul><li>a${n}</li><li>b${n}</li></ul>`);
  /** Pages whose name the old selector missed. */
  async function crawled(): Promise<History> {
    const history = new History(jobId).started({ start: [page('/0')], stages: OLD });
    for (let n = 0; n < PAGES; n++) history.fetched(page(`/${n}`), [page(`/${n + 1}`)], await stored(n));
    history.fetched(page(`/${PAGES}`), [], { statusCode: 404 });
    return history;
  }
  const stored = async (n: number): Promise<Partial<EventData<'PageFetched'>>> => ({
    items: [{ index: 0, data: { name: null, price: String(n) } }],
    body: await bodies.put(jobId, html(n), { encoding: 'identity', contentType: 'text/html' }),
    contentLength: html(n).length,
  });
  const project = async (): Promise<string> => {
    const deps = { eventLog: log.eventLog, store: db.projectionStore, clock: systemClock, logger };
    const projector = new Projector(deps, { shard: 0 });
    const { seq } = await projector.position();
    for await (const batch of log.eventLog.readShard(0, { fromSeq: seq + 1 })) await projector.apply(batch);
    let text = '';
    for await (const line of db.dump()) text += line;
    return text;
  };
  const rebuilt = async (): Promise<string> => {
    const deps = { eventLog: log.eventLog, store: db.projectionStore, clock: systemClock, logger };
    await rebuildReadModels(deps, { shards: [0], codeVersion: '1' });
    return project();
  };
  const names = async (version?: number, job = jobId): Promise<unknown[]> => {
    await project();
    const filter = version === undefined ? {} : { version };
    return (await db.readModels.items(job, filter, 1000)).rows.map(({ data }) => data['name']);
  };
  const all = Array.from({ length: PAGES }, (_, n) => `Name ${n}`);

  test('a version more, which is the one that is shown; the first one stays, and so does a rebuild', async () => {
    expect(await names()).toEqual(all.map(() => null));
    const report = await reextraction().run(jobId, { stages: NEW, reason: 'h2 was wrong' });
    expect(report).toMatchObject({
      ...{ version: 2, pages: { compared: PAGES, changed: PAGES } },
      items: { before: PAGES, after: PAGES, added: 0, changed: PAGES, removed: 0 },
      fields: {
        name: { added: PAGES, changed: 0, removed: 0, same: 0 },
        price: { added: 0, changed: 0, removed: 0, same: PAGES },
      },
      withoutBody: { pages: 0 },
    });
    expect(report.examples[0]).toEqual({
      url: page('/0'),
      index: 0,
      field: 'name',
      from: null,
      to: 'Name 0',
    });
    expect([await names(), await names(2), await names(1)]).toEqual([all, all, all.map(() => null)]);
    expect((await db.readModels.job(jobId))!).toMatchObject({ status: 'stopped', itemVersions: [1, 2] });
    expect((await jobs().state(jobId))!.spec.stages[0]!.fields['name']).toEqual({ selector: 'h1' });

    const next = await reextraction().run(jobId, { stages: { stages: NEWER } });
    expect(next).toMatchObject({
      ...{ version: 3, items: { before: PAGES, after: 2 * PAGES, added: PAGES, changed: PAGES } },
      fields: { name: { changed: PAGES, added: PAGES }, price: { removed: PAGES } },
    });
    expect((await names()).slice(0, 2)).toEqual(['a0', 'b0']);
    expect(await names(2)).toEqual(all);
    const live = await project();
    expect(await rebuilt()).toBe(live);

    const fork = await jobs().fork(jobId);
    await jobs().stop(fork.jobId);
    expect([await names(undefined, fork.jobId), await names(2, fork.jobId)]).toEqual([await names(), all]);
  });

  test('a dry run says the same and writes nothing', async () => {
    const { lastSeq } = await log.eventLog.head(0);
    const { dryRun, ...planned } = await reextraction().run(jobId, { stages: NEW, dryRun: true });
    expect(dryRun).toBe(true);
    expect((await log.eventLog.head(0)).lastSeq).toBe(lastSeq);
    expect(await reextraction().run(jobId, { stages: NEW })).toEqual({ ...planned, dryRun: false });
  });

  test('by the rules that the items come from already, nothing is written; where the code reads otherwise, a version is', async () => {
    const first = await reextraction().run(jobId, { stages: NEW });
    expect(first).toMatchObject({ version: 2, unchanged: false });
    const { lastSeq } = await log.eventLog.head(0);
    for (const dryRun of [false, true])
      expect(await reextraction().run(jobId, { stages: NEW, dryRun })).toMatchObject({
        ...{ dryRun, version: 2, unchanged: true },
        ...{ pages: { compared: PAGES, changed: 0 }, items: { added: 0, changed: 0, removed: 0 } },
      });
    expect((await log.eventLog.head(0)).lastSeq).toBe(lastSeq);

    const later = createPageParser();
    const parser = {
      parse: (input: Parameters<typeof later.parse>[0]) => {
        const parsed = later.parse(input);
        const items = parsed.items.map((item) => ({ ...item, data: { ...item.data, price: 'other' } }));
        return { ...parsed, items };
      },
    };
    expect(await reextraction(log.eventLog, parser).run(jobId, { stages: NEW })).toMatchObject({
      ...{ version: 3, unchanged: false, items: { changed: PAGES } },
    });
  });

  test.each([0, 1, 5, PAGES, PAGES + 1])(
    'killed before write %i and repeated it is the same, nothing double',
    async (writes) => {
      let left = writes;
      const count = (): void => {
        if (left-- <= 0) throw new Error('killed');
      };
      const dying = Object.assign(Object.create(log.eventLog) as EventLog, {
        appendJob: async (...args: Parameters<EventLog['appendJob']>) => (
          count(),
          log.eventLog.appendJob(...args)
        ),
        publishPage: async (...args: Parameters<EventLog['publishPage']>) => (
          count(),
          log.eventLog.publishPage(...args)
        ),
      });
      await expect(reextraction(dying).run(jobId, { stages: NEW })).rejects.toThrow('killed');
      expect(await names()).toEqual(all.map(() => null));
      expect(await reextraction().run(jobId, { stages: NEW })).toMatchObject({
        version: 2,
        items: { after: PAGES },
      });
      expect(await names()).toEqual(all);
      let facts = 0;
      for await (const { entries } of log.eventLog.readJob(jobId, { type: 'ItemsReextracted' }))
        facts += entries.length;
      expect(facts).toBe(PAGES);
      const live = await project();
      expect(await rebuilt()).toBe(live);
    },
  );

  test('a version that was given up for other rules is never shown', async () => {
    let left = 4;
    const dying = Object.assign(Object.create(log.eventLog) as EventLog, {
      publishPage: async (...args: Parameters<EventLog['publishPage']>) => {
        if (left-- <= 0) throw new Error('killed');
        return log.eventLog.publishPage(...args);
      },
    });
    await expect(reextraction(dying).run(jobId, { stages: NEWER })).rejects.toThrow('killed');
    expect(await reextraction().run(jobId, { stages: NEW })).toMatchObject({ version: 3 });
    expect(await names()).toEqual(all);
    expect((await db.readModels.job(jobId))!.itemVersions).toEqual([1, 3]);
  });

  test('pages that are fetched later come by the new rules, and take the place of all that was', async () => {
    await reextraction().run(jobId, { stages: NEW });
    await project();
    const models = async () => db.readModels;
    const service = new JobService({
      ...{ eventLog: log.eventLog, clock: systemClock, newId, shards: 1, readModels: models },
    });
    await service.requeue(jobId, { urls: [page('/3')] });
    const items = [{ index: 0, data: { name: 'New 3', price: '3' } }];
    const again = new History(jobId).fetched(page('/3'), [], { ...(await stored(3)), items, run: 2 });
    await record(log.eventLog, again.events);
    expect(await names()).toEqual([...all.filter((name) => name !== 'Name 3'), 'New 3']);
    expect(await names(1)).toHaveLength(PAGES - 1);
    await service.stop(jobId);
    expect(await reextraction().run(jobId, { stages: OLD })).toMatchObject({
      fields: { name: { removed: PAGES, changed: 0 } },
    });
    const live = await project();
    expect(await rebuilt()).toBe(live);
  });

  test('pages without a body are named, and a job without any is refused', async () => {
    await bodies.removeJob(jobId);
    await bodies.put(jobId, html(4), { encoding: 'identity', contentType: 'text/html' });
    const report = await reextraction().run(jobId, { stages: NEW });
    expect(report).toMatchObject({ pages: { compared: 1 }, withoutBody: { pages: PAGES - 1 } });
    expect(report.withoutBody.urls).toContain(page('/0'));
    expect(await names()).toEqual(['Name 4']);
    await bodies.removeJob(jobId);
    await expect(reextraction().run(jobId, { stages: OLD, dryRun: true })).rejects.toMatchObject({
      code: 'impossible_transition',
    });
  });

  test('a job that was removed is refused as such, not for the stages that it lacks', async () => {
    const removed = new History(jobId).add('JobRemoved', { commandId: 'rm' }).last as NewJobEvent;
    const last = (await log.eventLog.readDecisions(jobId)).at(-1)!;
    await log.eventLog.appendJob(removed, last.seq);
    await expect(reextraction().run(jobId, { stages: NEW })).rejects.toMatchObject({
      code: 'impossible_transition',
      message: expect.stringContaining('removed'),
    });
  });

  test.each([
    [[{ name: 'other', fields: {} }], 'stages[0].name'],
    [[{ name: 'page', fields: { name: { selector: '[[' } } }], 'stages[0].fields.name.selector'],
    [{ stages: [] }, 'stages'],
    ['text', 'stages'],
  ])('given the stages %j, then they are refused by their field', async (stages, field) => {
    await expect(reextraction().run(jobId, { stages })).rejects.toMatchObject({
      ...{ code: 'invalid_request', details: { field } },
    });
  });

  test('a job that runs or may have pages in flight is refused', async () => {
    await jobs().resume(jobId);
    const refused = { code: 'impossible_transition', hint: expect.stringContaining('spoor job stop') };
    await expect(reextraction().run(jobId, { stages: NEW })).rejects.toMatchObject(refused);
    await jobs().pause(jobId);
    await expect(reextraction().run(jobId, { stages: NEW })).rejects.toMatchObject(refused);
    await jobs().stop(jobId);
  });
});
