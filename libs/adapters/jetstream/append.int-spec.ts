import { startTestNats, type TestNats } from '#libs/testing';
import { ConflictError } from '#libs/engine/ports';
import { jobEventId, subjects } from '#libs/events';
import { connectLog, type JetStreamHandle } from './index.js';
import { fetched, paused, started, stopped } from './spec-events.js';

describe('decisions and page facts in the log', () => {
  let nats: TestNats;
  let log: JetStreamHandle;
  const signal = (name: NodeJS.Signals): boolean => process.kill(nats.pid, name);

  beforeAll(async () => {
    nats = await startTestNats();
    log = await connectLog({ url: nats.url, shards: 1, name: 'append-spec' });
  });
  afterAll(async () => {
    await log.close();
    await nats.stop();
  });

  /** Of the job's last decision, 0 when it has none: what a writer decides on, without reading all that came before. */
  const lastDecision = async ({ nc }: JetStreamHandle, jobId: string): Promise<number> => {
    const question = JSON.stringify({ last_by_subj: subjects.jobSubject(jobId) });
    const answer = await nc.request(`$JS.API.STREAM.MSG.GET.${subjects.eventStream(0)}`, question);
    return answer.json<{ message?: { seq: number } }>().message?.seq ?? 0;
  };

  it('keeps one winner for each expected sequence among 8 writers of 40 decisions', async () => {
    const job = '0-racing000';
    const writers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => connectLog({ url: nats.url, shards: 1, name: `writer-${i}` })),
    );
    let conflicts = 0;
    const decided = await Promise.all(
      writers.map(async (handle, writer) => {
        const seqs: number[] = [];
        for (let n = 0; n < 40;) {
          const last = await lastDecision(handle, job);
          try {
            seqs.push((await handle.eventLog.appendJob(paused(job, `w${writer}-${n}`), last)).seq);
            n += 1;
          } catch (error) {
            expect(error).toBeInstanceOf(ConflictError);
            conflicts += 1;
          }
        }
        return seqs;
      }),
    );
    const decisions = await log.eventLog.readDecisions(job);
    expect(decisions).toHaveLength(320);
    expect(new Set(decisions.map((d) => d.id)).size).toBe(320);
    expect(decided.flat().sort((a, b) => a - b)).toEqual(decisions.map((d) => d.seq));
    expect(conflicts).toBeGreaterThan(0);
    await Promise.all(writers.map((w) => w.close()));
  }, 180_000);

  it('reports a decision that is stored already as a duplicate, wherever it lies', async () => {
    const job = '0-duplicate';
    const first = await log.eventLog.appendJob(started(job), 0);
    const second = await log.eventLog.appendJob(paused(job, 'p1'), first.seq);
    await log.eventLog.appendJob(stopped(job, 's1'), second.seq);

    // The same command again: with the sequence it was decided on, with a later and with an earlier one.
    for (const expected of [first.seq, second.seq, second.seq + 1, 0])
      await expect(log.eventLog.appendJob(paused(job, 'p1'), expected)).resolves.toEqual({
        seq: second.seq,
        duplicate: true,
      });
    await expect(log.eventLog.appendJob(paused(job, 'other'), first.seq)).rejects.toBeInstanceOf(
      ConflictError,
    );
    expect(await log.eventLog.readDecisions(job)).toHaveLength(3);
  });

  it('stores a decision once when its acknowledgement is lost', async () => {
    const job = '0-lostack00';
    const { seq } = await log.eventLog.appendJob(started(job), 0);
    signal('SIGSTOP');
    const append = log.eventLog.appendJob(paused(job, 'p1'), seq);
    // Long enough for repeats to lie in the server's socket beside the first try.
    await new Promise((resolve) => setTimeout(resolve, 4000));
    signal('SIGCONT');
    const appended = await append;
    const decisions = await log.eventLog.readDecisions(job);
    expect(decisions.map((d) => [d.id, d.seq])).toEqual([
      [jobEventId(job, 'start'), seq],
      [jobEventId(job, 'p1'), appended.seq],
    ]);
  }, 20_000);

  it('has every acknowledged page exactly once after kill -9 in the middle of 2,000 publishes', async () => {
    const job = '0-killed000';
    const acknowledged = new Map<string, number>();
    const publishes = Array.from({ length: 2000 }, async (_, i) => {
      // Spread a little, so that the kills fall between writes.
      await new Promise((resolve) => setTimeout(resolve, Math.floor(i / 4)));
      const event = fetched(job, i);
      acknowledged.set(event.id, (await log.eventLog.publishPage(event)).seq);
    });
    for (let kill = 0; kill < 2; kill += 1) {
      while (acknowledged.size < 200 + 600 * kill) await new Promise((resolve) => setTimeout(resolve, 5));
      await nats.kill9();
      await nats.restart();
    }
    await Promise.all(publishes);

    const stored = new Map<string, number>();
    let events = 0;
    for await (const batch of log.eventLog.readJob(job))
      for (const entry of batch.entries) {
        events += 1;
        stored.set(entry.id ?? '', entry.seq);
      }
    expect(events).toBe(2000);
    expect(stored).toEqual(acknowledged);
  }, 60_000);

  it('answers a page that is stored already with its sequence', async () => {
    const event = fetched('0-pagedup00', 1);
    const first = await log.eventLog.publishPage(event);
    expect(first.duplicate).toBe(false);
    expect(await log.eventLog.publishPage(event)).toEqual({ seq: first.seq, duplicate: true });
  });

  it('gives up after its time-out while the server is away, and says so', async () => {
    const hasty = await connectLog({ url: nats.url, shards: 1, name: 'hasty', timeoutMs: 500 });
    await nats.kill9();
    await expect(hasty.eventLog.publishPage(fetched('0-away00000', 1))).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    await nats.restart();
    await expect(hasty.eventLog.publishPage(fetched('0-away00000', 2))).resolves.toMatchObject({
      duplicate: false,
    });
    await hasty.close();
  });

  it('refuses a malformed decision before it is stored', async () => {
    const job = '0-malformed';
    const event = started(job);
    const broken = { ...event, data: { ...event.data, commandId: 7 } };
    await expect(log.eventLog.appendJob(JSON.parse(JSON.stringify(broken)), 0)).rejects.toMatchObject({
      code: 'invalid_request',
      details: { field: 'commandId' },
    });
    expect(await log.eventLog.readDecisions(job)).toEqual([]);
  });
});
