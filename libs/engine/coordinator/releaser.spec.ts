import type { FetchQueue, TaskBatch } from '#libs/engine/ports';
import { History } from '#libs/testing/history';
import { Hosts } from './hosts.js';
import { JobRunner } from './job-runner.js';
import { Releaser } from './releaser.js';
import type { ShardJobs } from './shard-jobs.js';

const A = 'https://a.test/';
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
};

/** Jobs of one shard, a queue that notes what is released, and a clock that moves when it is told to. */
function shard({ maxInFlight = 1000, onComplete = async (_: JobRunner): Promise<void> => undefined } = {}) {
  const clock = {
    time: 100_000,
    now: () => clock.time,
    monotonic: () => clock.time,
    sleep: async () => undefined,
    timer: () => () => undefined,
  };
  const hosts = new Hosts();
  const runners = new Map<string, JobRunner>();
  const released: TaskBatch[] = [];
  const queue = { taken: 0, last: 0 };
  const fetchQueue: Pick<FetchQueue, 'release' | 'taken'> = {
    taken: async () => queue.taken,
    release: async (_shard, _pool, batches, last) => {
      released.push(...batches);
      queue.last = last + batches.length;
      return last + batches.length;
    },
  };
  const releaser = new Releaser(
    { ...{ clock, logger: quiet, onComplete, eventLog: {} as never }, fetchQueue: fetchQueue as FetchQueue },
    { shard: 0, pool: 'http', maxInFlight },
    { runners } as ShardJobs,
    new AbortController().signal,
  );
  const job = (name: string, start: string[]) => {
    const politeness = { concurrency: 100, perHost: 100, delayMs: 0 };
    const history = new History(`0-${name}`).started({ start, politeness });
    const runner = new JobRunner(history.jobId, [1, 2], clock, hosts);
    let fed = 0;
    const feed = (): void => {
      for (; fed < history.events.length; fed++) runner.apply(history.events[fed]!);
    };
    feed();
    runners.set(history.jobId, runner);
    return { history, runner, feed };
  };
  /** What goes out now, as names of jobs. */
  const pump = async (): Promise<string[]> => {
    clock.time += 10;
    released.length = 0;
    releaser.pump();
    await settle();
    return released.map(({ jobId }) => jobId.slice(2));
  };
  return { clock, job, pump, queue };
}

describe('Releaser', () => {
  test('where jobs share a host, the first page of each goes before the second of any, and then they take turns', async () => {
    const { job, pump } = shard({ maxInFlight: 1 });
    const jobs = ['jobfirst', 'jobsecnd', 'jobthird'].map((name) => job(name, [A, `${A}2`]));
    const order: string[] = [];
    for (let i = 0; i < 6; i++) {
      const [name] = await pump();
      order.push(name!);
      const { history, feed } = jobs.find((each) => each.history.jobId === `0-${name}`)!;
      history.fetched(i < 3 ? A : `${A}2`);
      feed();
    }
    expect(order.slice(0, 3).toSorted()).toEqual(['jobfirst', 'jobsecnd', 'jobthird']);
    expect(order.slice(3)).toEqual(order.slice(0, 3));
  });

  test('jobs that begin leave some of the room to one that is under way', async () => {
    const { job, pump } = shard({ maxInFlight: 8 });
    const urls = Array.from({ length: 20 }, (_, i) => `https://a${i}.test/`);
    const old = job('joboldxx', urls);
    // The second time for what waited for company.
    for (let i = 0; i < 2; i++) await pump();
    for (const url of urls.slice(0, 8)) old.history.fetched(url);
    old.feed();
    for (let i = 10; i < 30; i++) job(`jobnew${i}`, [`https://b${i}.test/`]);
    const turn = await pump();
    expect([turn.length, turn.filter((name) => name === 'joboldxx').length]).toEqual([8, 1]);
  });

  test('says once that a job is complete, and does not hold up others until the log has taken it', async () => {
    const said: string[] = [];
    const never = new Promise<void>(() => undefined);
    const { job, pump } = shard({
      onComplete: ({ jobId }) => {
        said.push(jobId.slice(2));
        return never;
      },
    });
    const done = job('jobdonex', [A]);
    await pump();
    done.history.fetched(A);
    done.feed();
    job('jobotherx', [A]);
    expect(await pump()).toEqual(['jobotherx']);
    await pump();
    expect(said).toEqual(['jobdonex']);
  });

  test('says it again when it could not be said', async () => {
    let tries = 0;
    const onComplete = async (): Promise<void> => {
      if (++tries === 1) throw new Error('the log is away');
    };
    const { job, pump } = shard({ onComplete });
    const done = job('jobdonex', [A]);
    await pump();
    done.history.fetched(A);
    done.feed();
    for (let i = 0; i < 3; i++) await pump();
    expect(tries).toBe(2);
  });

  test('keeps the queue short for a job that begins, and goes on as soon as workers have taken what lies there', async () => {
    const { job, pump, queue } = shard();
    const urls = Array.from({ length: 200 }, (_, i) => `https://a${i}.test/`);
    for (let i = 0; i < 2; i++)
      job(
        `jobmany${i}`,
        urls.map((url) => url.replace('.', `-${i}.`)),
      );
    let held = 0;
    for (let i = 0; i < 10; i++) held += (await pump()).length;
    job('jobnewxx', ['https://b.test/']);
    expect(await pump()).toEqual([]);
    queue.taken = queue.last;
    const next = await pump();
    expect([held > 0, next.includes('jobnewxx')]).toEqual([true, true]);
  });
});
