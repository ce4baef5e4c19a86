import { createPageParser } from '#libs/adapters/html';
import { systemClock } from '#libs/adapters/system';
import { resolveSpec } from '#libs/job';
import { pageEventId, type JobEvent } from '#libs/events';
import type { Delivery, FetchOutcome, PullOptions } from '../ports/index.js';
import { Worker } from './index.js';

const URLS = ['http://shop.test/1', 'http://shop.test/2', 'http://shop.test/3'];
const { spec, start } = resolveSpec({ start: URLS });
const started: JobEvent = {
  ...{ type: 'JobStarted', id: 'first', jobId: '0-aaaaaaaa', seq: 1, storedAt: 0, time: '' },
  data: { commandId: 'c', run: 1, generation: 1, spec, start },
};

const resumed: JobEvent = {
  ...{ type: 'JobResumed', id: 'second', jobId: '0-aaaaaaaa', seq: 2, storedAt: 0, time: '' },
  data: { commandId: 'r', run: 2 },
};

/** A worker whose surroundings only note what they are asked. */
function setUp({
  slots = 8,
  readDecisions = async () => [started],
  recorded = [] as string[],
  recordedRun = 1,
  recordedAt = 2,
} = {}) {
  const asked: string[] = [];
  const published: string[] = [];
  const answers: string[] = [];
  const gates: (() => void)[] = [];
  let pull: PullOptions | undefined;
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const worker = new Worker(
    {
      eventLog: {
        readDecisions,
        publishPage: async (event) => {
          published.push(event.data.url);
          return { seq: 1, duplicate: false };
        },
        pageEventIds: async (jobId, fromSeq) =>
          new Set(recordedAt < fromSeq ? [] : recorded.map((url) => pageEventId(jobId, recordedRun, url, 1))),
        appendJob: async () => Promise.reject(new Error('no decision expected')),
        async *watchDecisions(_shard, signal) {
          yield* [] as JobEvent[];
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        },
      },
      fetchQueue: {
        pull: (_shard, _pool, options) => {
          pull = options;
          return { wake: () => undefined, stop: async () => undefined };
        },
      },
      privateTargets: { of: () => [] },
      fetcher: {
        fetch: ({ url, signal }) =>
          new Promise<FetchOutcome>((resolve, reject) => {
            asked.push(url);
            signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
            const outcome: FetchOutcome = {
              ...{ ok: false, code: 'tls_error', message: '', statusCode: 0, finalUrl: url, redirects: [] },
              timing: { startedAt: 0, durationMs: 0 },
            };
            gates.push(() => resolve(outcome));
          }),
      },
      robots: {
        check: async ({ policy }) => ({ policy, allowed: true, confidence: 'high', reason: '', rule: null }),
      },
      bodies: { put: async () => Promise.reject(new Error('no body expected')) },
      ...{ parser: createPageParser(), clock: systemClock, logger: quiet, random: () => 0 },
    },
    { shard: 0, pool: 'http', slots },
  );
  worker.start();
  const deliver = (name: string, over: Partial<Delivery> = {}): void =>
    pull!.onDelivery({
      ...{ jobId: '0-aaaaaaaa', generation: 1, run: 1, jobSeq: 1, logSeq: 1, seq: 5, deliveries: 1 },
      tasks: URLS.map((url) => ({ url, depth: 0, stage: 'page', try: 1, attempt: 1 })),
      olderThanConnection: false,
      done: async () => void answers.push(`${name} done`),
      giveBack: async () => void answers.push(`${name} back`),
      ...over,
    });
  /** Until nothing moves by itself. */
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
  };
  return { worker, deliver, settle, asked, published, answers, gates, freeSlots: () => pull!.freeSlots() };
}

describe('Worker', () => {
  it('takes a batch that comes again while it is worked on as the same work', async () => {
    const it = setUp();
    it.deliver('first');
    await it.settle();
    it.deliver('second', { deliveries: 3 });
    await it.settle();
    expect(it.asked).toEqual(URLS);
    for (const open of it.gates) open();
    await it.settle();
    expect(it.published.toSorted()).toEqual(URLS);
    expect(it.answers).toEqual(['first done', 'second done']);
    await it.worker.drain(0);
  });

  it('works on no more pages at once than it has slots, and offers what is free', async () => {
    const it = setUp({ slots: 2 });
    expect(it.freeSlots()).toBe(2);
    it.deliver('one');
    await it.settle();
    expect([it.asked.length, it.freeSlots(), it.worker.inFlight]).toEqual([2, 0, 3]);
    it.gates[0]!();
    await it.settle();
    expect(it.asked).toHaveLength(3);
    for (const open of it.gates) open();
    await it.settle();
    expect([it.freeSlots(), it.answers]).toEqual([2, ['one done']]);
    await it.worker.drain(0);
  });

  it('asks the log first about a batch that is older than its connection, also at its first delivery', async () => {
    const it = setUp({ recorded: URLS.slice(0, 2) });
    it.deliver('fresh', { seq: 4 });
    await it.settle();
    expect(it.asked).toEqual(URLS);
    it.deliver('old', { olderThanConnection: true });
    await it.settle();
    expect(it.asked).toEqual([...URLS, URLS[2]]);
    await it.worker.drain(0);
  });

  it('does not request a page of an old batch that a later run has an outcome of', async () => {
    const it = setUp({ recorded: URLS.slice(0, 2), recordedRun: 2 });
    it.deliver('old', { olderThanConnection: true });
    await it.settle();
    expect(it.asked).toEqual(URLS.slice(2));
    await it.worker.drain(0);
  });

  it('requests what was recorded before its batch was released: an earlier try, which the coordinator knew', async () => {
    const it = setUp({ recorded: URLS, recordedAt: 1 });
    it.deliver('again', { olderThanConnection: true });
    await it.settle();
    expect(it.asked).toEqual(URLS);
    await it.worker.drain(0);
  });

  it('requests the pages of a second delivery one after another', async () => {
    const it = setUp();
    it.deliver('again', { deliveries: 2 });
    await it.settle();
    expect(it.asked).toEqual(URLS.slice(0, 1));
    it.gates[0]!();
    await it.settle();
    expect(it.asked).toEqual(URLS.slice(0, 2));
    await it.worker.drain(0);
  });

  it('hands back what it cannot finish in time, and acknowledges nothing of it', async () => {
    const it = setUp();
    it.deliver('one');
    await it.settle();
    it.gates[0]!();
    await it.worker.drain(0);
    expect(it.published).toEqual(URLS.slice(0, 1));
    expect(it.answers).toEqual(['one back']);
  });

  it('lets a batch that came before go without a word, so that its deliveries do not add up', async () => {
    const it = setUp();
    it.deliver('again', { deliveries: 2 });
    await it.settle();
    await it.worker.drain(0);
    expect([it.published, it.answers]).toEqual([[], ['again done']]);
  });

  it('lets a batch go without a word when it cannot be worked on: handed back it would come again at once, for ever', async () => {
    const it = setUp({ readDecisions: () => Promise.reject(new Error('decision 2 cannot be read')) });
    it.deliver('one');
    await it.settle();
    expect([it.asked, it.published, it.answers]).toEqual([[], [], ['one done']]);
    expect(it.freeSlots()).toBe(8);
    await it.worker.drain(0);
  });

  it('asks nobody about a job whose start it has seen, and the log once it has to know more', async () => {
    let reads = 0;
    const read = async (): Promise<JobEvent[]> => {
      reads++;
      return [started, { ...resumed, seq: 4 }];
    };
    const it = setUp({ readDecisions: read });
    it.worker.onDecision(started);
    it.deliver('one');
    await it.settle();
    expect([it.asked, reads]).toEqual([URLS, 0]);
    it.deliver('later', { seq: 6, jobSeq: 4, run: 2 });
    await it.settle();
    expect(reads).toBe(1);
    await it.worker.drain(0);
  });

  it('finishes what it can when it is drained', async () => {
    const it = setUp();
    it.deliver('one');
    await it.settle();
    const draining = it.worker.drain(60_000);
    for (const open of it.gates) open();
    await draining;
    expect(it.answers).toEqual(['one done']);
  });

  it('acknowledges tasks of an ended run without fetching them', async () => {
    const it = setUp();
    it.worker.endRun('0-aaaaaaaa', { run: 1, generation: 0 });
    it.deliver('late');
    await it.settle();
    expect([it.asked, it.published, it.answers]).toEqual([[], [], ['late done']]);
    await it.worker.drain(0);
  });
});
