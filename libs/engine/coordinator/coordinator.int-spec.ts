import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { newHashKey, newId, systemClock } from '#libs/adapters/system';
import { pageEventId, subjects } from '#libs/events';
import type { EventData, NewPageEvent, StoredEvent } from '#libs/events';
import type { Delivery, FetchTask, PullHandle } from '#libs/engine/ports';
import { History } from '#libs/testing/history';
import { startTestNats, until, type TestNats } from '#libs/testing';
import { JobService } from '../jobs/index.js';
import { Coordinator } from './coordinator.js';

const room = { freeBytes: async () => null };
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const SITE = 'https://site.test';

/** A site as a tree: page n links to 3n+1 … 3n+3, and back to the root. */
const tree = (size: number) => (url: string) => {
  const n = url === `${SITE}/` ? 0 : Number(url.split('/').at(-1));
  return ['/', ...[1, 2, 3].map((k) => 3 * n + k).filter((k) => k < size)].map((k) =>
    k === '/' ? k : `/${k}`,
  );
};

/** Takes tasks from the real queue and answers them from a map instead of the web. */
class ScriptedWorker {
  readonly requests: string[] = [];
  /** Numbers of the tries that were taken. */
  readonly tries: number[] = [];
  hold = false;
  /** Dropped once, as soon as it comes. */
  dropOnce: string | null = null;
  private pulling: PullHandle;
  private held: Delivery[] = [];

  constructor(
    private readonly log: JetStreamHandle,
    private readonly linksOf: (url: string) => string[],
  ) {
    this.pulling = log.fetchQueue.pull(0, 'http', {
      freeSlots: () => 64,
      onDelivery: (delivery) => void this.take(delivery),
      onError: () => undefined,
    });
  }

  async take(delivery: Delivery): Promise<void> {
    if (delivery.tasks.some(({ url }) => url === this.dropOnce)) {
      this.dropOnce = null;
      return delivery.done();
    }
    this.tries.push(...delivery.tasks.map((task) => task.try));
    if (this.hold) {
      this.held.push(delivery);
      return;
    }
    await Promise.all(
      delivery.tasks.map((task) => this.log.eventLog.publishPage(this.fetched(delivery, task))),
    );
    await delivery.done();
  }

  async letGo(): Promise<void> {
    this.hold = false;
    await Promise.all(this.held.splice(0).map((delivery) => this.take(delivery)));
  }

  /** Drops what it holds without a word in the log, as an aborted task does. */
  async drop(): Promise<void> {
    await Promise.all(this.held.splice(0).map((delivery) => delivery.done()));
  }

  get holding(): number {
    return this.held.reduce((sum, { tasks }) => sum + tasks.length, 0);
  }

  async stop(): Promise<void> {
    await this.pulling.stop();
  }

  private fetched({ jobId, generation, run }: Delivery, task: FetchTask): NewPageEvent {
    this.requests.push(task.url);
    const template = new History().fetched(task.url, this.linksOf(task.url)).last.data;
    const { url, depth, stage, try: tryNo, attempt } = task;
    const data = {
      ...(template as EventData<'PageFetched'>),
      url,
      depth,
      stage,
      try: tryNo,
      attempt,
      generation,
      run,
    };
    const id = pageEventId(jobId, run, url, tryNo);
    return { type: 'PageFetched', id, jobId, time: new Date().toISOString(), data };
  }
}

describe('Coordinator on a real log', () => {
  let nats: TestNats;
  let log: JetStreamHandle;
  const cleanup: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    nats = await startTestNats();
    log = await connectLog({ url: nats.url, shards: 1, name: 'test', leaseTtlMs: 1000 });
  });
  afterEach(async () => {
    for (const end of cleanup.splice(0).reverse()) await end();
    await log.close();
    await nats.stop();
  });

  const coordinator = async (holder = 'one'): Promise<Coordinator> => {
    const { eventLog, fetchQueue, lease, progress, inspection } = log;
    const deps = {
      eventLog,
      inspection,
      fetchQueue,
      lease,
      progress,
      clock: systemClock,
      logger: quiet,
      room,
      hashKey: newHashKey(),
    };
    const it = new Coordinator(deps, { shard: 0, pool: 'http', holder, leaseEveryMs: 200 });
    it.start();
    cleanup.push(() => it.stop());
    return it;
  };
  const worker = (linksOf: (url: string) => string[]): ScriptedWorker => {
    const it = new ScriptedWorker(log, linksOf);
    cleanup.push(() => it.stop());
    return it;
  };
  const jobs = (): JobService =>
    new JobService({ eventLog: log.eventLog, clock: systemClock, newId, shards: 1 });
  const spec = (over: object = {}) => ({
    start: [`${SITE}/`],
    politeness: { delayMs: 0, perHost: 32, concurrency: 32 },
    ...over,
  });
  const status = async (jobId: string) => (await jobs().state(jobId))?.status;
  const ended = (jobId: string, wanted = 'done') =>
    until(async () => (await status(jobId)) === wanted, { timeoutMs: 20_000, what: `job ${wanted}` });
  const facts = async (jobId: string): Promise<StoredEvent<'PageFetched'>[]> => {
    const all = [];
    for await (const { entries } of log.eventLog.readJob(jobId)) all.push(...entries);
    return all.filter((e) => e.type === 'PageFetched') as StoredEvent<'PageFetched'>[];
  };

  test('crawls a tree of 300 pages, each once, and says that it is done', async () => {
    await coordinator();
    const site = worker(tree(300));
    const { jobId } = await jobs().start(spec());
    await ended(jobId);
    expect(site.requests).toHaveLength(300);
    expect(new Set(site.requests).size).toBe(300);
    const decisions = await log.eventLog.readDecisions(jobId);
    expect(decisions.at(-1)).toMatchObject({
      type: 'JobCompleted',
      data: { because: 'exhausted', pages: { discovered: 300, fetched: 300, open: 0 } },
    });
  });

  test('maxPages holds exactly with 32 in flight', async () => {
    await coordinator();
    const site = worker(tree(10_000));
    const { jobId } = await jobs().start(spec({ scope: { maxPages: 77 } }));
    await ended(jobId);
    expect(site.requests).toHaveLength(77);
  });

  test('a coordinator that is gone in mid-job is carried on by another, without an event and without a double', async () => {
    const first = await coordinator('first');
    const site = worker(tree(400));
    const { jobId } = await jobs().start(spec());
    await until(() => site.requests.length > 100, { timeoutMs: 10_000, what: '100 pages' });
    site.hold = true;
    await until(() => site.holding > 0, { timeoutMs: 10_000, what: 'tasks in flight' });
    await first.stop();
    await coordinator('second');
    await site.letGo();
    await ended(jobId);
    expect(new Set(site.requests).size).toBe(400);
    expect(site.requests).toHaveLength(400);
    expect((await log.eventLog.readDecisions(jobId)).map((e) => e.type)).toEqual([
      'JobStarted',
      'JobCompleted',
    ]);
  });

  test('two coordinators that both believe to lead do no harm: the stale one is refused and looks again', async () => {
    const lease = { hold: async () => true, release: async () => undefined, holder: async () => null };
    const { eventLog, fetchQueue, progress } = log;
    const both = ['a', 'b'].map((holder) => {
      const deps = {
        eventLog,
        fetchQueue,
        lease,
        progress,
        clock: systemClock,
        logger: quiet,
        room,
        hashKey: newHashKey(),
      };
      return new Coordinator(deps, { shard: 0, pool: 'http', holder });
    });
    for (const one of both) {
      one.start();
      cleanup.push(() => one.stop());
    }
    const site = worker(tree(300));
    const { jobId } = await jobs().start(spec());
    await ended(jobId);
    expect(new Set(site.requests).size).toBe(300);
    expect(new Set((await facts(jobId)).map((e) => e.data.url)).size).toBe(300);
  });

  test('stop leaves the rest open; resume goes on behind it, and tasks dropped without an event go out again', async () => {
    await coordinator();
    const site = worker(tree(200));
    const { jobId } = await jobs().start(spec());
    await until(() => site.requests.length > 50, { timeoutMs: 10_000, what: '50 pages' });
    site.hold = true;
    await until(() => site.holding > 0, { timeoutMs: 10_000, what: 'tasks in flight' });
    await jobs().stop(jobId);
    const before = new Set(site.requests);
    await site.drop();
    site.hold = false;
    expect(await jobs().resume(jobId)).toMatchObject({ status: 'running', run: 2 });
    await ended(jobId);
    expect(new Set(site.requests).size).toBe(200);
    expect(site.requests).toHaveLength(200);
    expect(before.size).toBeLessThan(200);
  });

  test('a task that a worker dropped in mid-run without a word goes out again', async () => {
    await coordinator();
    const site = worker(tree(40));
    site.hold = true;
    const { jobId } = await jobs().start(spec());
    await until(() => site.holding === 1, { timeoutMs: 10_000, what: 'the first task' });
    await site.drop();
    site.hold = false;
    await ended(jobId);
    expect(new Set(site.requests).size).toBe(40);
  });

  test('a task that was dropped goes out again while others make progress', async () => {
    await coordinator();
    const other = 'https://other.test/';
    const site = worker((url) => (url === other ? [] : tree(300)(url)));
    site.dropOnce = other;
    // More than the test waits for, at ten pages a second.
    const politeness = { delayMs: 100, perHost: 1, concurrency: 8 };
    const { jobId } = await jobs().start(spec({ start: [`${SITE}/`, other], politeness }));
    await until(() => site.requests.includes(other), { timeoutMs: 25_000, what: 'the dropped page' });
    expect(site.dropOnce).toBeNull();
    await jobs().stop(jobId);
  });

  test('pause lets what is in flight finish, and facts that come later count', async () => {
    await coordinator();
    const site = worker(tree(200));
    const { jobId } = await jobs().start(spec());
    await until(() => site.requests.length > 50, { timeoutMs: 10_000, what: '50 pages' });
    site.hold = true;
    await until(() => site.holding > 0, { timeoutMs: 10_000, what: 'tasks in flight' });
    await jobs().pause(jobId);
    await site.letGo();
    await jobs().resume(jobId);
    await ended(jobId);
    expect(site.requests).toHaveLength(200);
  });

  test('50 racing resumes: one decision, the others are told why not', async () => {
    const { jobId } = await jobs().start(spec());
    await jobs().stop(jobId);
    const answers = await Promise.allSettled(Array.from({ length: 50 }, () => jobs().resume(jobId)));
    expect(answers.filter((a) => a.status === 'fulfilled')).toHaveLength(1);
    for (const answer of answers)
      if (answer.status === 'rejected')
        expect(answer.reason).toMatchObject({ code: 'impossible_transition' });
    const types = (await log.eventLog.readDecisions(jobId)).map((e) => e.type);
    expect(types.filter((t) => t === 'JobResumed')).toHaveLength(1);
  });

  test('a command repeated with its id is one decision', async () => {
    const first = await jobs().start(spec(), { jobId: '0-repeated0', commandId: 'key' });
    const again = await jobs().start(spec(), { jobId: '0-repeated0', commandId: 'key' });
    expect(again).toMatchObject({ jobId: first.jobId, seq: first.seq });
    expect(await log.eventLog.readDecisions(first.jobId)).toHaveLength(1);
  });

  test('nats-server dies in mid-crawl and comes back: the crawl finishes, each page once in the log', async () => {
    await coordinator();
    const site = worker(tree(1500));
    const { jobId } = await jobs().start(spec());
    await until(() => site.requests.length > 300, { timeoutMs: 10_000, what: '300 pages' });
    await nats.kill9();
    await nats.restart();
    await ended(jobId);
    const urls = (await facts(jobId)).map((e) => e.data.url);
    expect(new Set(urls).size).toBe(1500);
    expect(urls).toHaveLength(1500);
  });

  test('jobs pause while there is room to say why, and go on when there is room again', async () => {
    let free = 10;
    const { eventLog, fetchQueue, lease, progress } = log;
    const deps = {
      eventLog,
      fetchQueue,
      lease,
      progress,
      clock: systemClock,
      logger: quiet,
      hashKey: newHashKey(),
    };
    const it = new Coordinator(
      { ...deps, room: { freeBytes: async () => free } },
      { shard: 0, pool: 'http', holder: 'one', minFreeBytes: 100 },
    );
    it.start();
    cleanup.push(() => it.stop());
    const { jobId } = await jobs().start(spec());
    await ended(jobId, 'paused');
    expect((await jobs().state(jobId))!.reason).toMatch(/disk .* nearly full/);
    free = 1000;
    worker(tree(20));
    await jobs().resume(jobId);
    await ended(jobId);
  });

  test('jobs pause when their log is nearly at its limit, and the pause itself still fits', async () => {
    await coordinator();
    const { jobId } = await jobs().start(spec());
    // Of another job, so that a twentieth of the whole is room for a decision.
    for (let i = 0; i < 20; i++)
      await log.nc.request(subjects.pageSubject('0-other00000', 'PageFetched'), Buffer.alloc(10_000));
    expect(await status(jobId)).toBe('running');
    const stream = subjects.eventStream(0);
    const { config } = (await log.nc.request(`$JS.API.STREAM.INFO.${stream}`)).json<{ config: object }>();
    const limit = Math.ceil((await log.eventLog.head(0)).bytes / 0.97);
    await log.nc.request(`$JS.API.STREAM.UPDATE.${stream}`, JSON.stringify({ ...config, max_bytes: limit }));
    await ended(jobId, 'paused');
    expect((await jobs().state(jobId))!.reason).toMatch(/^The event log is nearly full/);
  });

  test('more proxy failures in a row than the job bears end its run; as many as it bears do not', async () => {
    await coordinator();
    const site = worker(tree(3));
    site.hold = true;
    const { jobId } = await jobs().start(spec({ proxy: { url: 'http://proxy.test:1', tolerance: 2 } }));
    const refused = new History().started({ start: [`${SITE}/`] }).retried(`${SITE}/`, {
      ...{ burned: false, code: 'proxy_refused', message: 'The proxy refuses', delayMs: 0 },
    }).last.data as EventData<'FetchRetried'>;
    const fail = (tryNo: number) =>
      log.eventLog.publishPage({
        ...{ type: 'FetchRetried', id: pageEventId(jobId, 1, refused.url, tryNo), jobId },
        ...{ time: new Date().toISOString(), data: { ...refused, try: tryNo } },
      });
    for (const tryNo of [1, 2]) await fail(tryNo);
    // The third try was released, so both failures are folded.
    await until(() => site.tries.includes(3), { timeoutMs: 10_000, what: 'the third try' });
    expect(await status(jobId)).toBe('running');
    await fail(3);
    await ended(jobId, 'error');
    const types = (await log.eventLog.readDecisions(jobId)).map((e) => e.type);
    expect(types).toEqual(['JobStarted', 'ProxyFailed']);
  });

  test('a job with a decision that cannot be read is left alone, also by the next leader; others go on', async () => {
    const first = await coordinator('first');
    const site = worker((url) => (url.startsWith(SITE) ? tree(30)(url) : []));
    site.hold = true;
    const { jobId } = await jobs().start(spec());
    await until(() => site.holding === 1, { timeoutMs: 10_000, what: 'the first task' });
    await log.nc.request(subjects.jobSubject(jobId), 'not a decision');
    await until(() => first.jobs.length === 0, { timeoutMs: 10_000, what: 'the job to be left alone' });
    await site.letGo();
    // Readable, and later: a reader of the last decisions alone would believe that it runs.
    const resumed = { commandId: 'r', run: 2 };
    const seq = (await log.eventLog.head(0)).lastSeq - 1;
    await log.eventLog.appendJob(
      { type: 'JobResumed', id: `${jobId}:cmd:r`, jobId, time: new Date().toISOString(), data: resumed },
      seq,
    );
    await first.stop();
    const second = await coordinator('second');
    const other = await jobs().start(spec({ start: ['https://other.test/'] }));
    await ended(other.jobId);
    expect(second.jobs).toEqual([]);
    expect(site.requests).toEqual([`${SITE}/`, 'https://other.test/']);
  });

  test('a job with an event that cannot be read pauses and says which; others go on; resume goes on without it', async () => {
    await coordinator();
    const site = worker(tree(60));
    site.hold = true;
    const { jobId } = await jobs().start(spec());
    await until(() => site.holding > 0, { timeoutMs: 10_000, what: 'the first task' });
    await log.nc.request(subjects.pageSubject(jobId, 'PageFetched'), 'not an event');
    await ended(jobId, 'paused');
    expect((await jobs().state(jobId))!.reason).toMatch(/^Event \d+ of this job cannot be read/);

    await site.letGo();
    const other = await jobs().start(spec());
    await ended(other.jobId);
    await jobs().resume(jobId);
    await ended(jobId);
    expect((await facts(jobId)).length).toBe(60);
  });
});
