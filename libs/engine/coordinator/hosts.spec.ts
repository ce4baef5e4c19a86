import type { RobotsVerdict } from '#libs/events';
import { History } from '#libs/testing/history';
import { Hosts } from './hosts.js';
import { JobRunner } from './job-runner.js';

const A = 'https://a.test/';
const B = 'https://b.test/';
const paths = (n: number): string[] => Array.from({ length: n }, (_, i) => `/p${i}`);
const waiting = (ms: number): RobotsVerdict => ({
  ...{ policy: 'obey', allowed: true, confidence: 'high', reason: 'allowed', rule: null },
  crawlDelayHonouredMs: ms,
});

/** Jobs of one shard that all know the host A and have 20 pages there, under a clock that stands still unless it is told to move. */
function shard() {
  const clock = { time: 100_000, now: () => clock.time, monotonic: () => clock.time };
  const hosts = new Hosts();
  const job = (
    name: string,
    politeness: object,
    { start = A, links = paths(20), robots = waiting(0) } = {},
  ) => {
    const history = new History(`0-${name}`).started({
      start: [start],
      politeness: { concurrency: 100, delayMs: 0, ...politeness },
    });
    history.fetched(start, links, { robots });
    const runner = new JobRunner(history.jobId, [1, 2], clock, hosts);
    runner.replay(history.events);
    let fed = history.events.length;
    // Long enough ago that no delay is left of it.
    clock.time += 60_000;
    runner.begin();
    const take = (): string[] => {
      const batches = runner.take(1000);
      return (batches.length > 0 ? batches : runner.take(1000)).flatMap(({ tasks }) =>
        tasks.map(({ url }) => url),
      );
    };
    const feed = (): void => {
      for (; fed < history.events.length; fed++) runner.apply(history.events[fed]!);
    };
    return { runner, history, take, feed };
  };
  return { clock, hosts, job };
}

describe('hosts that several jobs crawl', () => {
  test('see no more requests at once than the most generous job allows itself', () => {
    const { job } = shard();
    const [two, five] = [job('jobtwo00', { perHost: 2 }), job('jobfive0', { perHost: 5 })];
    expect(two.take()).toHaveLength(2);
    expect(five.take()).toHaveLength(3);
    expect(five.take()).toHaveLength(0);
  });

  test('a place that one job frees is offered to the other', () => {
    const { job } = shard();
    const [one, other] = [job('jobone00', { perHost: 2 }), job('jobother', { perHost: 2 })];
    const [first] = one.take();
    expect(other.take()).toEqual([]);
    one.history.fetched(first!);
    one.feed();
    expect(other.take()).toHaveLength(1);
    expect(one.take()).toEqual([]);
  });

  test('are left alone between two requests for as long as the most careful job asks', () => {
    const { clock, job } = shard();
    const slow = job('jobslow0', { perHost: 9, delayMs: 300 });
    const quick = job('jobquick', { perHost: 9, delayMs: 100 });
    expect(quick.take()).toHaveLength(1);
    clock.time += 100;
    expect([...quick.take(), ...slow.take()]).toEqual([]);
    expect(slow.runner.nextWake).toBe(clock.time + 200);
    clock.time += 200;
    expect(slow.take()).toHaveLength(1);
    expect(quick.take()).toEqual([]);
  });

  test('a job with nothing to fetch there holds nobody back', () => {
    const { job } = shard();
    job('jobslow0', { delayMs: 300 }, { links: [] });
    const quick = job('jobquick', { perHost: 9 });
    expect(quick.take()).toHaveLength(9);
  });

  test('a crawl-delay that one job was told of holds for those that have not met it', () => {
    const { clock, job } = shard();
    const told = job('jobtold0', { perHost: 9 }, { robots: waiting(3000) });
    const untold = job('jobuntol', { perHost: 9 });
    const [url] = told.take();
    clock.time += 1000;
    told.history.fetched(url!, [], { robots: waiting(3000) });
    told.feed();
    clock.time += 2999;
    expect([...untold.take(), ...told.take()]).toEqual([]);
    clock.time += 1;
    expect(untold.take()).toHaveLength(1);
  });

  test('a 429 to one job slows the others down', () => {
    const { clock, job } = shard();
    const [one, other] = [job('jobone00', { perHost: 1 }), job('jobother', { perHost: 1 })];
    one.history.retried(one.take()[0]!, { code: 'http_429', statusCode: 429, delayMs: 5000 });
    one.feed();
    expect(other.take()).toEqual([]);
    clock.time += 5000;
    expect(other.take()).toHaveLength(1);
  });

  test('a job that is led no more leaves its places, but not the delay after its last request', () => {
    const { clock, job } = shard();
    const [one, other] = [job('jobone00', { perHost: 2, delayMs: 200 }), job('jobother', { perHost: 2 })];
    one.take();
    clock.time += 200;
    one.take();
    one.runner.leave();
    expect(other.take()).toEqual([]);
    clock.time += 200;
    expect(other.take()).toHaveLength(2);
  });

  test('another job soon after still keeps the delay, and nothing is remembered for longer', () => {
    const { clock, hosts, job } = shard();
    const before = job('jobbefor', { delayMs: 70_000 });
    before.take();
    before.runner.leave();
    const after = job('jobafter', {});
    expect(after.take()).toEqual([]);
    clock.time += 10_000;
    expect(after.take()).toHaveLength(2);
    const shared = hosts.of('a.test');
    after.runner.leave();
    expect(hosts.of('a.test')).not.toBe(shared);
  });

  test('other hosts are nobody else’s business', () => {
    const { job } = shard();
    const [one, other] = [job('jobone00', { perHost: 2 }), job('jobother', { perHost: 2 }, { start: B })];
    expect(one.take()).toHaveLength(2);
    expect(other.take()).toHaveLength(2);
  });
});
