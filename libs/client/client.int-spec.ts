import { jetstreamManager } from '@nats-io/jetstream';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { subjects } from '#libs/events';
import { startTestNats, until, type TestNats } from '#libs/testing';
import {
  connect,
  HandlerFailedError,
  LogIdentityError,
  subscribe,
  SupersededError,
  UnreadableEventError,
  type Subscription,
  type SubscribeOptions,
} from './index.js';
import { LoggedJob, pageUrl } from '#libs/testing/logged-job';

let names = 0;
const unique = (what: string): string => `${what}${String(++names).padStart(6, '0')}`;

describe('subscribe', () => {
  let nats: TestNats;
  let log: JetStreamHandle;
  const open: Subscription[] = [];

  beforeEach(async () => {
    nats = await startTestNats();
    log = await connectLog({ url: nats.url, shards: 2, name: 'client-spec' });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.stop().catch(() => {})));
    await log.close();
    await nats.stop();
  });

  const job = (shard = 0): LoggedJob => new LoggedJob(log, `${shard}-${unique('job')}`);
  const sub = async (options: SubscribeOptions): Promise<Subscription> => {
    const subscription = await subscribe({
      url: nats.url,
      ...options,
      retry: { attempts: 2, baseMs: 1, ...options.retry },
    });
    subscription.done.catch(() => {});
    open.push(subscription);
    return subscription;
  };
  /** Seqs of the PageFetched of shard 0 until the end of the history. */
  const history = async (options: Partial<SubscribeOptions> = {}): Promise<number[]> => {
    const seqs: number[] = [];
    const on = { PageFetched: (_: unknown, meta: { seq: number }): void => void seqs.push(meta.seq) };
    await (
      await sub({ on, follow: false, ...options })
    ).done;
    return seqs;
  };

  it('shares a connection that is brought along, and leaves it open', async () => {
    const it0 = job();
    await it0.start();
    await it0.pages(0, 20);
    const connection = await connect({ url: nats.url, name: 'shared' });
    const all = await Promise.all([history({ connection }), history({ connection, from: () => 5 })]);
    expect(all.map((seqs) => seqs.length)).toEqual([20, 17]);
    expect(await connection.shards()).toEqual([0, 1]);
    await connection.close();
  });

  it('gives the history and then what comes, in order, without a gap, of every shard', async () => {
    const [one, two] = [job(0), job(1)];
    await Promise.all([one, two].map((it) => it.start()));
    await Promise.all([one, two].map((it) => it.pages(0, 150)));
    const urls: Record<string, string[]> = { [one.jobId]: [], [two.jobId]: [] };
    const busy = new Set<string>();
    let overlaps = 0;
    const live: number[] = [];
    const subscription = await sub({
      onLive: (shard) => void live.push(shard),
      on: {
        PageFetched: async ({ url }, { jobId }) => {
          if (busy.has(jobId)) overlaps += 1;
          busy.add(jobId);
          await new Promise((resolve) => setImmediate(resolve));
          urls[jobId]!.push(url);
          busy.delete(jobId);
        },
      },
    });
    // Stored while the history is being read.
    await Promise.all([one, two].map((it) => it.pages(150, 300)));
    const wanted = Array.from({ length: 300 }, (_, n) => pageUrl(n));
    await until(() => Object.values(urls).every((all) => all.length >= 300));
    expect(urls).toEqual({ [one.jobId]: wanted, [two.jobId]: wanted });
    expect(overlaps).toBe(0);
    expect(live.sort()).toEqual([0, 1]);
    await until(async () => (await subscription.position()).shards.every(({ lag }) => lag === 0));
    expect(await subscription.position()).toMatchObject({ handled: 600, unknownTypes: {} });
  });

  it('gives long lists whole, that travel beside their event', async () => {
    const one = job();
    const items = Array.from({ length: 4000 }, (_, index) => ({ index, data: { name: 'x'.repeat(100) } }));
    await one.page(1, { items });
    const found: number[] = [];
    const on = { PageFetched: (data: { items: unknown[] }): void => void found.push(data.items.length) };
    await (
      await sub({ on, follow: false })
    ).done;
    expect(found).toEqual([4000]);
  });

  it('begins where it is told: new, a sequence, a moment', async () => {
    const one = job();
    await one.pages(0, 5);
    const middle = new Date((await storedAt(5)) + 1);
    await until(() => Date.now() > middle.getTime() + 5);
    await one.pages(5, 8);
    expect(await history({ from: 'start' })).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await history({ from: middle })).toEqual([6, 7, 8]);
    expect(await history({ from: 7, jobs: [one.jobId] })).toEqual([7, 8]);
    expect(await history({ from: 'new' })).toEqual([]);
    expect(await history({ from: new Date(Date.now() + 60_000) })).toEqual([]);
    await expect(sub({ from: 7, on: () => undefined })).rejects.toMatchObject({ details: { field: 'from' } });
  });

  const storedAt = async (seq: number): Promise<number> => {
    const manager = await jetstreamManager(log.nc);
    return (await manager.streams.getMessage(subjects.eventStream(0), { seq }))!.time.getTime();
  };

  it('gives the jobs and types that were asked for', async () => {
    const [one, two, three] = [job(), job(), job()];
    for (const it of [one, two, three]) await it.start();
    for (const it of [one, two, three]) await it.pages(0, 2);
    const seen: string[] = [];
    const on: SubscribeOptions['on'] = ({ type, jobId }) => void seen.push(`${jobId} ${type}`);
    await (
      await sub({ on, follow: false, jobs: [one.jobId], types: ['JobStarted'] })
    ).done;
    expect(seen.splice(0)).toEqual([`${one.jobId} JobStarted`]);
    await (
      await sub({ on, follow: false, jobs: [one.jobId, three.jobId], types: ['PageFetched'] })
    ).done;
    expect(seen).toEqual([one, one, three, three].map(({ jobId }) => `${jobId} PageFetched`));
  });

  it('goes on behind what was handled, and begins at the same place also when nothing was', async () => {
    const one = job();
    await one.pages(0, 3);
    const durable = unique('reader');
    expect(await history({ durable, from: 'new' })).toEqual([]);
    await one.pages(3, 5);
    expect(await history({ durable, from: 'new' })).toEqual([4, 5]);
    await one.pages(5, 6);
    expect(await history({ durable, from: 'start' })).toEqual([6]);
    const subscription = await sub({ durable, on: () => undefined });
    expect((await subscription.position()).shards[0]).toMatchObject({
      seq: 6,
      committed: 6,
      head: 6,
      lag: 0,
    });
  });

  it('ends with the error of a handler, before its event; the next one begins there', async () => {
    await job().pages(0, 4);
    const durable = unique('reader');
    const seen: number[] = [];
    const on = {
      PageFetched: (_: unknown, { seq }: { seq: number }): void => {
        if (seq === 3) throw new Error('the database is away');
        seen.push(seq);
      },
    };
    const subscription = await sub({ durable, on });
    await expect(subscription.done).rejects.toThrow(HandlerFailedError);
    expect(seen).toEqual([1, 2]);
    expect(await history({ durable })).toEqual([3, 4]);
  });

  it('counts types that it does not know, and stops at one that it should know and cannot read', async () => {
    const one = job();
    await one.page(0);
    await one.raw('PageAdmired', 1, {}, unique('raw'));
    await one.page(1);
    const subscription = await sub({ on: { PageFetched: () => undefined }, follow: false });
    await subscription.done;
    expect(reportAfterEnd(subscription)).toEqual({ handled: 2, unknownTypes: { PageAdmired: 1 } });
    await one.raw('PageFetched', 99, {}, unique('raw'));
    await one.page(2);
    await expect((await sub({ on: { PageFetched: () => undefined } })).done).rejects.toThrow(
      UnreadableEventError,
    );
    // Whoever does not ask for it is not held up by it, and a place for dead letters takes it.
    expect(await history({ on: { FetchFailed: () => undefined } })).toEqual([]);
    const dead: number[] = [];
    expect(await history({ deadLetter: ({ seq }) => void dead.push(seq) })).toEqual([1, 3, 5]);
    expect(dead).toEqual([4]);
  });

  const reportAfterEnd = (subscription: Subscription): object => {
    const { handled, unknownTypes } = subscription.counts;
    return { handled, unknownTypes };
  };

  it('of two with one name the newest goes on', async () => {
    const one = job();
    const durable = unique('reader');
    const first = await sub({ durable, on: () => undefined, commitEvery: { events: 1 } });
    const seen: number[] = [];
    await sub({ durable, on: (_, { seq }) => void seen.push(seq) });
    await one.pages(0, 2);
    await expect(first.done).rejects.toThrow(SupersededError);
    await until(() => seen.length === 2);
  });

  it('says so when the log is another one, between two starts and while it reads', async () => {
    await job().pages(0, 3);
    const durable = unique('reader');
    expect(await history({ durable })).toEqual([1, 2, 3]);
    const running = await sub({ on: () => undefined });
    await remake();
    await expect(running.done).rejects.toThrow(LogIdentityError);
    await job().pages(0, 4);
    await expect(history({ durable })).rejects.toThrow(/made anew/);
    const resets: string[] = [];
    const onReset = ({ reason }: { reason: string }): 'start' => {
      resets.push(reason);
      return 'start';
    };
    expect(await history({ durable, onReset })).toEqual([1, 2, 3, 4]);
    expect(resets).toEqual([expect.stringContaining('made anew')]);
    expect(await history({ durable })).toEqual([]);
  });

  const remake = async (): Promise<void> => {
    const manager = await jetstreamManager(log.nc);
    const { config } = await manager.streams.info(subjects.eventStream(0));
    await manager.streams.delete(config.name);
    await manager.streams.add(config);
  };

  it('holds no more than a window in memory while a handler takes its time', async () => {
    const one = job();
    await Promise.all(Array.from({ length: 1500 }, (_, n) => one.page(n)));
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let handled = 0;
    await sub({ jobs: [one.jobId], buffer: 20, on: () => (++handled, held) });
    await until(() => handled === 1);
    const manager = await jetstreamManager(log.nc);
    const delivered = async (): Promise<number> => {
      const infos = await manager.consumers.list(subjects.eventStream(0)).next();
      return Math.max(...infos.map((info) => info.delivered.consumer_seq));
    };
    expect(await delivered()).toBeLessThanOrEqual(200);
    release();
    await until(() => handled === 1500);
  });

  it('goes on over a server that was killed, with nothing left out and the order kept', async () => {
    const one = job();
    await one.pages(0, 20);
    const urls: string[] = [];
    await sub({ durable: unique('reader'), on: { PageFetched: ({ url }) => void urls.push(url) } });
    await until(() => urls.length === 20);
    await nats.kill9();
    await nats.restart();
    await one.pages(20, 40);
    await until(() => urls.length >= 40, { timeoutMs: 30_000 });
    expect(urls).toEqual(Array.from({ length: 40 }, (_, n) => pageUrl(n)));
  });

  it('keeps the checkpoint with the rows of its handlers, where those want that', async () => {
    await job().pages(0, 3);
    const rows: { seq: number; checkpoint: unknown }[] = [];
    const checkpoints: SubscribeOptions['checkpoints'] = {
      load: () => Promise.resolve((rows.at(-1)?.checkpoint as never) ?? null),
    };
    const on: SubscribeOptions['on'] = (_, { seq, checkpoint }) => void rows.push({ seq, checkpoint });
    for (let round = 0; round < 2; round += 1)
      await (
        await sub({
          durable: 'rows',
          jobs: [`0-job${String(names).padStart(6, '0')}`],
          checkpoints,
          on,
          follow: false,
        })
      ).done;
    expect(rows.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it('names the option that is wrong', async () => {
    const cases: [string, Partial<SubscribeOptions>][] = [
      ['durable', { durable: 'a.b' }],
      ['from', { from: -1 }],
      ['jobs', { jobs: [] }],
      ['jobs', { jobs: ['nonsense'] }],
      ['on', { on: { PageFecthed: () => undefined } as never }],
    ];
    for (const [field, options] of cases)
      await expect(sub({ on: () => undefined, ...options })).rejects.toMatchObject({
        ...{ code: 'invalid_request', details: { field } },
      });
  });
});
