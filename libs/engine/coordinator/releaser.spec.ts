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
  const fetchQueue: Pick<FetchQueue, 'release'> = {
    release: async (_shard, _pool, batches, last) => {
      released.push(...batches);
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
  return { clock, job, pump, runners };
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

  test('a job that begins passes one that had its turn a moment ago, and none that has waited long', async () => {
    const { clock, job, pump } = shard({ maxInFlight: 1 });
    const old = job('joboldxx', [A, `${A}2`, `${A}3`]);
    expect(await pump()).toEqual(['joboldxx']);
    const recent = job('jobnewxx', [A]);
    old.history.fetched(A);
    old.feed();
    expect(await pump()).toEqual(['jobnewxx']);
    clock.time += 60_000;
    job('jobnewer', [A]);
    recent.history.fetched(A);
    recent.feed();
    expect(await pump()).toEqual(['joboldxx']);
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
});
