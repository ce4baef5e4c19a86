import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { createFileBodies } from '#libs/adapters/bodies';
import { createPageParser } from '#libs/adapters/html';
import { TarArchive, TarStream } from '#libs/adapters/job-archive';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { openDatabase, type OpenDatabase } from '#libs/adapters/postgres';
import { newHashKey, newId, systemClock } from '#libs/adapters/system';
import { isUnreadable, type StoredEvent } from '#libs/events';
import { foldDecisions } from '#libs/job';
import type { EventLog } from '#libs/engine/ports';
import { canonicalText, ReplayedTables } from '#libs/read-models';
import { createTestDatabase, startTestNats, testDir, type TestDatabase, type TestNats } from '#libs/testing';
import { chainHistory, History, page, record } from '#libs/testing/history';
import { JobService } from '../jobs/index.js';
import { Projector } from '../projector/index.js';
import { Reextraction } from '../reextraction/index.js';
import { RemoveJob } from '../retention/index.js';
import { archivedEvents, exportJob, importJob, keepArchive, type ImportOptions } from './index.js';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const META = { encoding: 'identity' as const, contentType: 'text/html' };
const SHARDS = 1;

/** Log, database and bodies of an engine. */
class Site {
  private constructor(
    private readonly nats: TestNats,
    private readonly store: TestDatabase,
    readonly log: JetStreamHandle,
    readonly db: OpenDatabase,
    readonly bodies = createFileBodies({ dir: testDir('archive-bodies') }),
  ) {}

  static async open(): Promise<Site> {
    const [nats, store] = await Promise.all([startTestNats(), createTestDatabase()]);
    const log = await connectLog({ url: nats.url, shards: SHARDS, name: 'archive spec' });
    const db = await openDatabase(store.url);
    await db.migrate();
    return new Site(nats, store, log, db);
  }

  async close(): Promise<void> {
    await this.db.close();
    await this.log.close();
    await Promise.all([this.nats.stop(), this.store.drop()]);
  }

  get jobs(): JobService {
    const { log, bodies } = this;
    const { eventLog } = log;
    const removal = new RemoveJob({ eventLog, purge: log.purge, bodies, clock: systemClock });
    return new JobService({ eventLog, clock: systemClock, newId, shards: SHARDS, bodies, removal });
  }

  export(jobId: string, archive: TarArchive, withBodies = true) {
    const { log, bodies } = this;
    return exportJob({ eventLog: log.eventLog, bodies, shards: SHARDS }, jobId, archive, { withBodies });
  }

  import(archive: TarArchive, options?: ImportOptions, eventLog: EventLog = this.log.eventLog) {
    return importJob({ eventLog, bodies: this.bodies, clock: systemClock, shards: SHARDS }, archive, options);
  }

  async events(jobId: string): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    for await (const { entries } of this.log.eventLog.readJob(jobId))
      for (const entry of entries) if (!isUnreadable(entry)) events.push(entry);
    return events;
  }

  /** What its read models show, but for what derives from the job's id, from the log's sequences or from its clock. */
  async rows(jobId: string) {
    const projector = new Projector(
      { eventLog: this.log.eventLog, store: this.db.projectionStore, clock: systemClock, logger },
      { shard: 0 },
    );
    const { seq } = await projector.position();
    const { eventLog } = this.log;
    for await (const batch of eventLog.readShard(0, { fromSeq: seq + 1 })) await projector.apply(batch);
    const { readModels } = this.db;
    const of = async (list: 'pages' | 'items' | 'evidence') =>
      (await readModels[list](jobId, {}, 100_000)).rows
        .map((row) => JSON.stringify({ ...row, id: '', pageId: '', jobId: '', seq: 0 }))
        .sort();
    const own = { jobId: '', seq: 0, createdSeq: 0, createdAt: '', updatedAt: '', endedAt: '' };
    return {
      job: { ...(await readModels.job(jobId))!, ...own },
      ...{ pages: await of('pages'), items: await of('items'), evidence: await of('evidence') },
    };
  }
}

describe('an archive of a job, on real logs and real databases', () => {
  let here: Site;
  let there: Site;
  let jobId: string;
  let archive: TarArchive;
  let file: string;

  beforeAll(async () => {
    [here, there] = await Promise.all([Site.open(), Site.open()]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([here.close(), there.close()]);
  });
  beforeEach(async () => {
    jobId = here.jobs.newJobId();
    file = join(testDir('archive'), 'job.tar.gz');
    archive = new TarArchive(file);
    await record(here.log.eventLog, await withBodies(chainHistory(jobId)));
  });

  /** Each page has a body, of which the second one's is lost. */
  async function withBodies(events: StoredEvent[]): Promise<StoredEvent[]> {
    const found: StoredEvent[] = [];
    for (const event of events) {
      if (event.type !== 'PageFetched') {
        found.push(event);
        continue;
      }
      const put = await here.bodies.put(jobId, Buffer.from(`<h1>${event.data.url}</h1>`), META);
      const body = event.data.url === page('/1') ? { ...put, sha256: 'f'.repeat(64) } : put;
      found.push({ ...event, data: { ...event.data, body } });
    }
    return found;
  }
  /** A log that breaks before the n-th write. */
  const breaking = (site: Site, writes: number): EventLog => {
    const { eventLog } = site.log;
    const count = (): void => {
      if (writes-- <= 0) throw new Error('killed');
    };
    return Object.assign(Object.create(eventLog) as EventLog, {
      appendJob: async (...args: Parameters<EventLog['appendJob']>) => (count(), eventLog.appendJob(...args)),
      publishPage: async (...args: Parameters<EventLog['publishPage']>) => (
        count(),
        eventLog.publishPage(...args)
      ),
    });
  };
  const archived = async (): Promise<StoredEvent[]> => {
    const events: StoredEvent[] = [];
    for await (const event of archivedEvents(archive)) events.push(event);
    return events;
  };

  test('holds the history to the letter, the bodies, and says which it lacks; twice the same bytes', async () => {
    const manifest = await here.export(jobId, archive);
    const events = await here.events(jobId);
    expect(await archived()).toEqual(events);
    expect(manifest).toMatchObject({
      ...{ format: 1, jobId, events: { count: events.length, unreadable: 0 } },
      range: { first: events[0]!.seq, last: events.at(-1)!.seq },
      bodies: { missing: ['f'.repeat(64)] },
    });
    expect(manifest.bodies!.files.length).toBeGreaterThan(10);
    await expect(here.export(jobId, archive)).rejects.toMatchObject({ code: 'invalid_request' });
    const again = new TarArchive(join(testDir('archive'), 'again.tar.gz'));
    expect(await here.export(jobId, again)).toEqual(manifest);
    expect(await here.export(jobId, new TarArchive(join(testDir('archive'), 'x')), false)).toMatchObject({
      bodies: null,
    });
  });

  test('is the same job in another engine: its id, history, bodies and rows', async () => {
    await here.export(jobId, archive);
    const answer = await there.import(archive, { reason: 'moved' });
    expect(answer).toMatchObject({ jobId, from: { jobId }, status: 'stopped', already: false });
    const [before, after] = [await here.events(jobId), await there.events(jobId)];
    const told = ({ type, id, time, data: { ...data } }: StoredEvent) => ({
      ...{ type, time, data: { ...data, copiedFrom: undefined } },
      id: 'url' in data ? id : '',
    });
    expect(after.slice(0, -1).map(told)).toEqual(before.map(told));
    expect(after.at(-1)).toMatchObject({ type: 'JobImported', data: { reason: 'moved', status: 'stopped' } });
    expect(await there.rows(jobId)).toEqual(await here.rows(jobId));
    for (const event of before)
      if (event.type === 'PageFetched' && event.data.body && event.data.url !== page('/1'))
        expect(await there.bodies.get(jobId, event.data.body.sha256)).toEqual(
          await here.bodies.get(jobId, event.data.body.sha256),
        );
    expect(await there.import(archive)).toMatchObject({ jobId, seq: answer.seq, already: true });
    expect(await there.events(jobId)).toHaveLength(after.length);
  });

  test('of a job that was removed is a job again, under another id, with equal rows', async () => {
    const rows = await here.rows(jobId);
    await here.export(jobId, archive);
    await here.jobs.remove(jobId);
    const answer = await here.import(archive);
    expect(answer.jobId).not.toBe(jobId);
    expect(await here.rows(answer.jobId)).toEqual(rows);
    expect(await here.import(archive)).toMatchObject({ jobId: answer.jobId, already: true });
    await here.jobs.remove(answer.jobId);
    const third = await here.import(archive);
    expect([jobId, answer.jobId]).not.toContain(third.jobId);
    expect(await here.rows(third.jobId)).toEqual(rows);
    await expect(here.export(jobId, archive)).rejects.toMatchObject({ code: 'impossible_transition' });
  });

  test('is the job of whom it is imported for, else the operator’s, and a copy of it is neither’s', async () => {
    await here.export(jobId, archive);
    const owned = await here.import(archive, { as: here.jobs.newJobId(), owner: 'ann' });
    const ownerOf = async (id: string) => (await here.jobs.state(id))?.owner;
    expect([await ownerOf(owned.jobId), (await here.rows(owned.jobId)).job.owner]).toEqual(['ann', 'ann']);
    const again = new TarArchive(join(testDir('archive'), 'again.tar.gz'));
    await here.export(owned.jobId, again);
    const copy = await there.import(again, { as: there.jobs.newJobId() });
    expect([(await there.jobs.state(copy.jobId))?.owner, (await there.rows(copy.jobId)).job.owner]).toEqual([
      null,
      null,
    ]);
  });

  test('that is kept before a removal is whole, and holds no less than the job at that moment', async () => {
    const { eventLog } = here.log;
    const deps = { eventLog, bodies: here.bodies, shards: SHARDS };
    const kept = await keepArchive(deps, jobId, archive);
    const { lastSeq } = (await here.jobs.state(jobId))!;
    expect(kept).toMatchObject({ lastSeq, manifest: { jobId, events: { unreadable: 0 } } });
    expect(await archived()).toEqual(await here.events(jobId));
    // A page that was in flight arrives after the history was read.
    const late = new TarArchive(join(testDir('archive'), 'late.tar.gz'));
    const write = late.write.bind(late);
    late.write = async (members) => {
      await write(members);
      const { type, data, time } = new History(jobId).fetched(page('/14'), [], { run: 2, try: 9 }).last;
      const event = { type, jobId, time, data, id: `${jobId}:2:late:9` } as never;
      await eventLog.publishPage(event, { alone: true });
    };
    await expect(keepArchive(deps, jobId, late)).rejects.toMatchObject({ code: 'conflict' });
    expect((await here.jobs.state(jobId))!.status).toBe('stopped');
  });

  test('that was kept and whose job was not removed any more is taken as it is, if it holds all of the job', async () => {
    const deps = { eventLog: here.log.eventLog, bodies: here.bodies, shards: SHARDS };
    const first = await keepArchive(deps, jobId, archive);
    expect(first.already).toBe(false);
    expect(await keepArchive(deps, jobId, archive)).toEqual({ ...first, already: true });
    const other = here.jobs.newJobId();
    await record(here.log.eventLog, chainHistory(other));
    await expect(keepArchive(deps, other, archive)).rejects.toThrow('exists already');
    const bare = new TarArchive(join(testDir('archive'), 'bare.tar.gz'));
    await here.export(jobId, bare, false);
    await expect(keepArchive(deps, jobId, bare)).rejects.toThrow('exists already');
    const more = new History(jobId).fetched(page('/14'), [], { run: 2, try: 9 }).last;
    await here.log.eventLog.publishPage({ ...more, id: `${jobId}:2:more:9` } as never, { alone: true });
    await expect(keepArchive(deps, jobId, archive)).rejects.toThrow('exists already');
  });

  test('that no import would take is not written', async () => {
    const bodies = {
      has: () => Promise.resolve(true),
      get: () => Promise.resolve(Buffer.alloc(272 * 1024 * 1024 + 1)),
    };
    const deps = { eventLog: here.log.eventLog, bodies, shards: SHARDS };
    const exporting = exportJob(deps, jobId, archive, { withBodies: true });
    await expect(exporting).rejects.toMatchObject({
      code: 'impossible_transition',
      message: expect.stringMatching(/a body, .* has 285212673 bytes, and an import takes 285212672/),
    });
    expect(await archive.exists()).toBe(false);
  });

  test('goes to whoever asks for it, byte for byte what the file would be', async () => {
    await here.export(jobId, archive);
    const folder = testDir('aside');
    const sent: Buffer[] = [];
    const target = new Writable({ write: (chunk: Buffer, _, done) => (sent.push(chunk), done()) });
    const deps = { eventLog: here.log.eventLog, bodies: here.bodies, shards: SHARDS };
    await exportJob(deps, jobId, new TarStream(folder, () => target), { withBodies: true });
    expect(Buffer.concat(sent).equals(await readFile(file))).toBe(true);
    expect(await readdir(folder)).toEqual([]);
  });

  test('is one job however often its import was interrupted, with its own id and with another', async () => {
    await here.export(jobId, archive);
    const { length } = await here.events(jobId);
    for (const site of [here, there])
      for (const writes of [0, 1, 5, 8])
        await expect(site.import(archive, {}, breaking(site, writes))).rejects.toThrow('killed');
    const ids = [(await here.import(archive)).jobId, (await there.import(archive)).jobId];
    expect(ids[1]).toBe(jobId);
    expect(await here.events(ids[0]!)).toHaveLength(length + 1);
    expect(await there.events(ids[1]!)).toHaveLength(length + 1);
    expect(await here.rows(ids[0]!)).toEqual(await here.rows(jobId));
    expect(await there.rows(ids[1]!)).toEqual(await here.rows(jobId));
  });

  test('takes an id that was asked for, and none that another job has', async () => {
    await here.export(jobId, archive);
    const as = there.jobs.newJobId();
    expect(await there.import(archive, { as })).toMatchObject({ jobId: as });
    await expect(here.import(archive, { as: jobId })).rejects.toMatchObject({ code: 'conflict' });
    await expect(here.import(archive, { as: 'x' })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(here.import(archive, { as: '9-elsewhere1' })).rejects.toThrow('is no job id here');
  });

  test.each<[string, (history: History) => History, string]>([
    ['running', (history) => history, 'paused'],
    ['done', (history) => history.add('JobCompleted', completed), 'done'],
    ['paused', (history) => history.add('JobPaused', { commandId: 'p', run: 1, by: 'user' }), 'paused'],
  ])('of a job that was %s lies still', async (_, tell, status) => {
    const job = here.jobs.newJobId();
    const history = new History(job).started({ start: [page('/0')] }).fetched(page('/0'), [page('/1')]);
    await record(here.log.eventLog, tell(history).events);
    await here.export(job, archive);
    const answer = await there.import(archive);
    expect(answer.status).toBe(status);
    expect(foldDecisions(await there.log.eventLog.readDecisions(job))!.status).toBe(status);
  });

  test('of 2,000 pages that were forked and extracted again is the same job elsewhere, and a replay gives its rows', async () => {
    const PAGES = 2000;
    const parent = here.jobs.newJobId();
    const stages = (selector: string) => [{ name: 'page', fields: { name: { selector } } }];
    const history = new History(parent).started({ start: [page('/0')], stages: stages('h2') });
    for (let n = 0; n < PAGES; n++) {
      const body = await here.bodies.put(parent, Buffer.from(`<h1>Name ${n}</h1>`), META);
      const items = [{ index: 0, data: { name: null } }];
      history.fetched(page(`/${n}`), n + 1 < PAGES ? [page(`/${n + 1}`)] : [], { body, items });
    }
    await record(here.log.eventLog, history.add('JobStopped', { commandId: 's', run: 1 }).events);
    const { jobId: fork } = await here.jobs.fork(parent);
    await here.jobs.stop(fork);
    const { eventLog } = here.log;
    const deps = { eventLog, clock: systemClock, hashKey: newHashKey(), newId, bodies: here.bodies };
    const state = (id: string) => here.jobs.state(id);
    const reextraction = new Reextraction({
      ...{ ...deps, state },
      parser: createPageParser(),
      decode: async (raw) => raw,
    });
    const report = await reextraction.run(fork, { stages: stages('h1') });
    expect(report).toMatchObject({ version: 2, pages: { changed: PAGES } });

    const manifest = await here.export(fork, archive);
    expect(manifest.bodies).toMatchObject({ files: { length: PAGES }, missing: [] });
    expect(await there.import(archive)).toMatchObject({ jobId: fork, status: 'stopped', bodies: PAGES });
    const rows = await here.rows(fork);
    expect([rows.pages.length, rows.items.length]).toEqual([PAGES, PAGES]);
    expect(rows.items[0]).toContain('Name ');
    expect(await there.rows(fork)).toEqual(rows);

    // To the letter: live rows, the rows of a replay of the log, and of the archive.
    const tables = async (events: readonly StoredEvent[]): Promise<string[]> => {
      const replayed = new ReplayedTables();
      replayed.apply(events);
      return replayed.rows().map(({ table, row }) => canonicalText({ table, row }));
    };
    const live: string[] = [];
    const snapshot = await here.db.projectionStore.snapshot();
    for await (const { table, row } of snapshot.rows(fork)) live.push(canonicalText({ table, row }));
    await snapshot.close();
    expect(await tables(await archived())).toEqual(live);
  });
});

const completed = {
  ...{ commandId: 'c', run: 1, because: 'exhausted' as const },
  pages: { discovered: 2, fetched: 2, failed: 0, skipped: 0, open: 0 },
};
