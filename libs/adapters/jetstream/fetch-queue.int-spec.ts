import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startTestNats, until, type TestNats } from '#libs/testing';
import { subjects } from '#libs/events';
import { StaleReleaseError, type Delivery, type PullHandle, type TaskBatch } from '#libs/engine/ports';
import { connectLog, type JetStreamHandle } from './index.js';

const batch = (jobId: string, n: number): TaskBatch => ({
  ...{ jobId, generation: 1, run: 1, jobSeq: 1, logSeq: n },
  tasks: [{ url: `https://a.test/${n}`, depth: 0, stage: 'default', try: 1, attempt: 1 }],
});

describe('the fetch queue', () => {
  let nats: TestNats;
  let log: JetStreamHandle;
  const handles: PullHandle[] = [];

  beforeEach(async () => {
    nats = await startTestNats();
    log = await connectLog({ url: nats.url, shards: 1, name: 'queue-spec' });
  });
  afterEach(async () => {
    for (const handle of handles.splice(0)) await handle.stop();
    await log.close();
    await nats.stop();
  });

  const batches = (from: number, to: number): TaskBatch[] =>
    Array.from({ length: to - from }, (_, i) => batch('0-queue0000', from + i));
  function pull(
    from: JetStreamHandle,
    free: () => number,
    pool = 'http',
  ): { got: Delivery[]; errors: unknown[]; handle: PullHandle } {
    const got: Delivery[] = [];
    const errors: unknown[] = [];
    const handle = from.fetchQueue.pull(0, pool, {
      freeSlots: free,
      onDelivery: (d) => got.push(d),
      onError: (e) => errors.push(e),
    });
    handles.push(handle);
    return { got, errors, handle };
  }

  const consumerIsThere = async (): Promise<boolean> => {
    const name = `${subjects.fetchStream(0)}.pool_http`;
    const info = await log.nc.request(`$JS.API.CONSUMER.INFO.${name}`);
    return !('error' in info.json<object>());
  };

  it('takes releases in order, one coordinator at a time', async () => {
    expect(await log.fetchQueue.release(0, 'http', batches(0, 50), 0)).toBe(50);
    await expect(log.fetchQueue.release(0, 'http', batches(50, 52), 49)).rejects.toBeInstanceOf(
      StaleReleaseError,
    );
    // Nor may a later one of the refused release slip in where the sequence happens to fit.
    expect((await log.fetchQueue.snapshot(0)).lastSeq).toBe(50);
    expect(await log.fetchQueue.release(0, 'http', batches(50, 52), 50)).toBe(52);
    const { lastSeq, batches: held } = await log.fetchQueue.snapshot(0);
    expect(lastSeq).toBe(52);
    expect(held).toEqual(batches(0, 52).map((b, i) => ({ ...b, seq: i + 1 })));
  });

  it('gives the tasks of a pool to the workers of that pool alone, in one order of release', async () => {
    const mixed = batches(0, 6).map((one, i) => (i % 2 === 0 ? one : { ...one, pool: 'browser' }));
    expect(await log.fetchQueue.release(0, 'http', mixed, 0)).toBe(6);
    expect((await log.fetchQueue.snapshot(0)).batches).toHaveLength(6);
    expect(await log.inspection.waitingPools(0)).toEqual(['browser', 'http']);
    expect(await log.inspection.queue(0, 'browser')).toMatchObject({ tasks: 3, pulls: 0 });
    const http = pull(log, () => 10);
    await until(() => http.got.length === 3);
    const browser = pull(log, () => 10, 'browser');
    await until(() => browser.got.length === 3);
    const sequences = (got: Delivery[]): number[] => got.map(({ seq }) => seq);
    expect([sequences(http.got), sequences(browser.got)]).toEqual([
      [1, 3, 5],
      [2, 4, 6],
    ]);
    for (const delivery of [...http.got, ...browser.got]) await delivery.done();
    await until(async () => (await log.inspection.waitingPools(0)).length === 0);
  });

  it('tells a coordinator whose acknowledgement was lost to look again', async () => {
    process.kill(nats.pid, 'SIGSTOP');
    const release = log.fetchQueue.release(0, 'http', batches(0, 3), 0);
    const outcome = release.catch((error: unknown) => error);
    // Until the repeat lies beside the first try.
    await new Promise((resolve) => setTimeout(resolve, 3600));
    process.kill(nats.pid, 'SIGCONT');
    // Either answer may come first; the queue holds each batch once.
    const answer = await outcome;
    expect(answer === 3 || answer instanceof StaleReleaseError).toBe(true);
    expect((await log.fetchQueue.snapshot(0)).batches.map((b) => b.logSeq)).toEqual([0, 1, 2]);
  }, 20_000);

  it('delivers what there are slots for, and goes on when woken', async () => {
    await log.fetchQueue.release(0, 'http', batches(0, 5), 0);
    let open = 0;
    const { got, handle } = pull(log, () => 8 * (open - got.length));
    await until(consumerIsThere);
    expect(got).toHaveLength(0);
    open = 2;
    handle.wake();
    await until(() => got.length === 2);
    expect(got[0]).toMatchObject({
      ...batch('0-queue0000', 0),
      ...{ seq: 1, deliveries: 1, olderThanConnection: true },
    });
    await log.nc.flush();
    expect(got).toHaveLength(2);
    await got[0]!.done();
    await got[1]!.giveBack();
    open = 100;
    handle.wake();
    await until(() => got.some((d) => d.seq === 2 && d.deliveries === 2));
    for (const delivery of got) await delivery.done();
    await until(() => got.length === 6);
    for (const delivery of got) await delivery.done();
    await until(async () => (await log.fetchQueue.snapshot(0)).batches.length === 0);
    expect((await log.fetchQueue.snapshot(0)).lastSeq).toBe(5);
  });

  it('shares a pool between workers, and nothing is delivered twice while it is worked on', async () => {
    const other = await connectLog({ url: nats.url, shards: 1, name: 'other-worker' });
    const a = pull(log, () => 8);
    const b = pull(other, () => 8);
    await until(
      async () =>
        (await log.nc.request(`$JS.API.CONSUMER.INFO.${subjects.fetchStream(0)}.pool_http`)).json<{
          num_waiting?: number;
        }>().num_waiting,
    );
    await log.fetchQueue.release(0, 'http', batches(0, 20), 0);
    await until(() => a.got.length + b.got.length === 20);
    // Longer than ack_wait.
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    expect([...a.got, ...b.got].map((d) => d.seq).sort((x, y) => x - y)).toEqual(
      batches(0, 20).map((_, i) => i + 1),
    );
    expect(a.got[0]?.olderThanConnection ?? b.got[0]?.olderThanConnection).toBe(false);
    for (const d of [...a.got, ...b.got]) await d.done();
    await until(async () => (await log.fetchQueue.snapshot(0)).batches.length === 0);
    await b.handle.stop();
    await other.close();
  }, 40_000);

  it('leaves nothing pulled behind when it stops, and keeps what the worker still holds', async () => {
    await log.fetchQueue.release(0, 'http', batches(0, 2), 0);
    const first = pull(log, () => 80);
    await until(() => first.got.length === 2);
    await first.handle.stop();
    await log.fetchQueue.release(0, 'http', batches(2, 6), 2);
    const second = pull(log, () => 80);
    await until(() => second.got.length === 4, { timeoutMs: 3000 });
    expect(second.got.map((d) => [d.seq, d.deliveries])).toEqual([3, 4, 5, 6].map((seq) => [seq, 1]));
    for (const d of [...first.got, ...second.got]) await d.done();
    await until(async () => (await log.fetchQueue.snapshot(0)).batches.length === 0);
  });

  it('pulls again at once after kill -9, and marks what may have been delivered before', async () => {
    await log.fetchQueue.release(0, 'http', batches(0, 3), 0);
    const { got } = pull(log, () => 80);
    await until(() => got.length === 3);
    await nats.kill9();
    await nats.restart();
    const lastSeq = await until(async () => (await log.fetchQueue.snapshot(0)).lastSeq);
    await log.fetchQueue.release(0, 'http', batches(3, 5), lastSeq);
    await until(() => got.some((d) => d.seq === 5), { timeoutMs: 5000 });
    for (const d of got) expect(d.seq > 3 || d.olderThanConnection || d.deliveries === 1).toBe(true);
    for (const d of got) await d.done();
    await until(
      async () => {
        for (const d of got) await d.done();
        return (await log.fetchQueue.snapshot(0)).batches.length === 0;
      },
      { timeoutMs: 15_000 },
    );
    expect(got.filter((d) => d.seq <= 3 && d.deliveries > 1).every((d) => d.olderThanConnection)).toBe(true);
  }, 30_000);

  it('makes its consumer again when it is gone', async () => {
    const { got } = pull(log, () => 80);
    const consumer = `${subjects.fetchStream(0)}.pool_http`;
    const info = async (): Promise<{ num_waiting?: number }> =>
      (await log.nc.request(`$JS.API.CONSUMER.INFO.${consumer}`)).json();
    await until(async () => (await info()).num_waiting);
    await log.nc.request(`$JS.API.CONSUMER.DELETE.${consumer}`);
    await log.fetchQueue.release(0, 'http', batches(0, 2), 0);
    await until(() => got.length === 2, { timeoutMs: 5000 });
    for (const d of got) await d.done();
  });

  it('reports a task that it cannot read, and goes on', async () => {
    const { got, errors } = pull(log, () => 80);
    await log.nc.request(subjects.fetchSubject('0-queue0000', 'http'), '{"no": "task"');
    await log.fetchQueue.release(0, 'http', batches(0, 1), 1);
    await until(() => got.length === 1 && errors.length === 1);
    expect(errors[0]).toMatchObject({ code: 'internal' });
    await got[0]!.done();
    await until(async () => (await log.fetchQueue.snapshot(0)).batches.length === 0);
  });

  it('given tasks that a server has forgotten to take out, then they are not in flight, and go', async () => {
    const msgs = join(nats.storeDir, 'jetstream', '$G', 'streams', subjects.fetchStream(0), 'msgs');
    const kept = join(nats.storeDir, '..', 'kept');
    await log.fetchQueue.release(0, 'http', batches(0, 3), 0);
    // On the disk before anything is acknowledged.
    await nats.restart(() => cpSync(msgs, kept, { recursive: true }));
    const { got } = pull(log, () => 8);
    await until(() => got.length === 3);
    await Promise.all(got.slice(0, 2).map((delivery) => delivery.done()));
    await until(async () => (await log.fetchQueue.snapshot(0)).batches.length === 1);
    await nats.restart(() => {
      rmSync(msgs, { recursive: true });
      cpSync(kept, msgs, { recursive: true });
    });
    const stored = async (): Promise<number> => {
      const info = await log.nc.request(`$JS.API.STREAM.INFO.${subjects.fetchStream(0)}`);
      return info.json<{ state: { messages: number } }>().state.messages;
    };
    await until(async () => {
      const { batches: held } = await log.fetchQueue.snapshot(0);
      return held.length === 1 && held[0]!.seq === 3 && (await stored()) === 1;
    });
  });
});
