import type { TaskBatch } from '#libs/engine/ports';
import { History } from '#libs/testing/history';
import { JobRunner } from './job-runner.js';

const A = 'https://a.test/';
const paths = (n: number, prefix = '/p'): string[] => Array.from({ length: n }, (_, i) => `${prefix}${i}`);

/** A runner under a clock that stands still unless it is told to move. */
function runnerOf(history: History, { live = false } = {}) {
  const clock = { time: 100_000, now: () => clock.time, monotonic: () => clock.time };
  const runner = new JobRunner(history.jobId, [1, 2], clock);
  let fed = 0;
  const feed = (): void => {
    for (; fed < history.events.length; fed++) runner.apply(history.events[fed]!);
  };
  if (live) feed();
  else {
    runner.replay(history.events);
    fed = history.events.length;
    runner.begin();
  }
  const take = (room = 1000): TaskBatch[] => {
    const first = runner.take(room);
    if (first.length > 0) return first;
    clock.time += 5;
    return runner.take(room);
  };
  const urls = (room?: number): string[] => take(room).flatMap((b) => b.tasks.map((t) => t.url));
  return { runner, clock, feed, take, urls };
}

const fast = { politeness: { delayMs: 0, perHost: 32, concurrency: 32 } };

describe('JobRunner', () => {
  test('asks a new host for one page, and for the rest when its robots.txt is known', () => {
    const history = new History().started({ ...fast, start: [A, ...paths(40).map((p) => A + p.slice(1))] });
    const { urls, feed } = runnerOf(history, { live: true });
    expect(urls()).toEqual([A]);
    history.fetched(A);
    feed();
    expect(urls()).toHaveLength(32);
    expect(urls()).toHaveLength(0);
  });

  test('groups tasks by eight when many are in flight', () => {
    const history = new History().started({ ...fast, start: [A] }).fetched(A, paths(40));
    const { take } = runnerOf(history);
    expect(take().map((b) => b.tasks.length)).toEqual([8, 8, 8, 8]);
  });

  test('tasks of stages with different pools never share a message', () => {
    const stages = [
      { name: 'list', follow: [{ pattern: '/shop', stage: 'shop' }, { stage: 'list' }] },
      { name: 'shop', pool: 'browser' },
    ];
    const links = { follow: { list: paths(6), shop: paths(5, '/shop') }, skip: {} };
    const history = new History().started({ ...fast, start: [A], stages }).fetched(A, [], { links });
    const batches = runnerOf(history).take();
    const stagesBy = (pool?: string) =>
      batches.filter((b) => b.pool === pool).flatMap((b) => b.tasks.map(({ stage }) => stage));
    expect(stagesBy()).toEqual(Array<string>(6).fill('list'));
    expect(stagesBy('browser')).toEqual(Array<string>(5).fill('shop'));
  });

  test('keeps perHost and the delay between requests to a host', () => {
    const history = new History()
      .started({ start: [A], politeness: { delayMs: 250, perHost: 2 } })
      .fetched(A, paths(9));
    const { urls, clock, feed } = runnerOf(history);
    expect(urls()).toEqual([`${A}p0`]);
    expect(urls()).toEqual([]);
    clock.time += 250;
    expect(urls()).toEqual([`${A}p1`]);
    clock.time += 1000;
    expect(urls()).toEqual([]);
    history.fetched(`${A}p0`, [], { timing: { startedAt: 0, durationMs: 1250 } });
    feed();
    expect(urls()).toEqual([`${A}p2`]);
  });

  test('a crawl-delay means one request at a time and the gap after its end', () => {
    const robots = {
      policy: 'obey',
      allowed: true,
      confidence: 'high',
      reason: 'allowed',
      rule: null,
      crawlDelayHonouredMs: 3000,
    } as const;
    const history = new History().started({ ...fast, start: [A] });
    const { urls, clock, feed } = runnerOf(history, { live: true });
    urls();
    history.fetched(A, paths(3), { robots });
    feed();
    expect(urls()).toEqual([]);
    clock.time += 3000;
    expect(urls()).toHaveLength(1);
    clock.time += 60_000;
    expect(urls()).toEqual([]);
  });

  test('maxPages holds exactly: what flies counts', () => {
    const history = new History()
      .started({ ...fast, start: [A], scope: { maxPages: 5 } })
      .fetched(A, paths(40));
    const { urls, runner, feed } = runnerOf(history);
    const released = urls();
    expect(released).toHaveLength(4);
    for (const url of released) history.fetched(url);
    feed();
    expect(urls()).toHaveLength(0);
    expect(runner.complete).toBe('max-pages');
  });

  test('a retry waits for its time, goes out with the next try, and keeps no slot meanwhile', () => {
    const history = new History().started({ ...fast, start: [A] });
    const { take, clock, feed, runner } = runnerOf(history, { live: true });
    take();
    history.retried(A, { delayMs: 2000 });
    history.last.storedAt = clock.now();
    feed();
    expect(take()).toEqual([]);
    expect(runner.pace.flights.size).toBe(0);
    expect(runner.complete).toBeNull();
    clock.time += 2000;
    expect(take()[0]!.tasks).toEqual([{ url: A, depth: 0, stage: 'page', try: 2, attempt: 2 }]);
  });

  test('Retry-After holds the whole host back', () => {
    const history = new History().started({ ...fast, start: [A] }).fetched(A, paths(40));
    const { urls, clock, feed } = runnerOf(history);
    const released = urls();
    history.retried(released[0]!, {
      delayMs: 10_000,
      retryAfterMs: 10_000,
      code: 'http_429',
      statusCode: 429,
    });
    history.last.storedAt = clock.now();
    for (const url of released.slice(1)) history.fetched(url);
    feed();
    expect(urls()).toEqual([]);
    clock.time += 10_000;
    expect(urls().length).toBeGreaterThan(0);
  });

  test('a 429 without Retry-After holds the whole host back for as long as the page itself waits', () => {
    const history = new History().started({ ...fast, start: [A] }).fetched(A, paths(40));
    const { urls, clock, feed } = runnerOf(history);
    const released = urls();
    history.retried(released[0]!, { delayMs: 2000, code: 'http_429', statusCode: 429 });
    history.last.storedAt = clock.now();
    for (const url of released.slice(1)) history.fetched(url);
    feed();
    clock.time += 1980;
    expect(urls()).toEqual([]);
    clock.time += 15;
    expect(urls().length).toBeGreaterThan(0);
  });

  test('a 5xx holds back its own page alone', () => {
    const history = new History().started({ ...fast, start: [A] }).fetched(A, paths(40));
    const { urls, clock, feed } = runnerOf(history);
    history.retried(urls()[0]!, { delayMs: 2000 });
    history.last.storedAt = clock.now();
    feed();
    expect(urls()).toHaveLength(1);
  });

  test('a 429 that was the last attempt holds the host back, too', () => {
    const history = new History().started({ ...fast, start: [A], retry: { attempts: 1, baseMs: 500 } });
    const { urls, clock, feed } = runnerOf(history, { live: true });
    urls();
    history.fetched(A, paths(3), { statusCode: 429 });
    feed();
    clock.time += 480;
    expect(urls()).toEqual([]);
    clock.time += 15;
    expect(urls()).toHaveLength(3);
  });

  test('the delay counts from when the request began, however late its worker was', () => {
    const history = new History().started({ start: [A], politeness: { delayMs: 250, perHost: 1 } });
    const { urls, clock, feed } = runnerOf(history, { live: true });
    urls();
    clock.time += 1000;
    history.fetched(A, paths(3), { timing: { startedAt: 0, durationMs: 100 } });
    feed();
    clock.time += 130;
    expect(urls()).toEqual([]);
    clock.time += 15;
    expect(urls()).toHaveLength(1);
  });

  test('a coordinator that takes over keeps the delay to what the one before released', () => {
    const history = new History()
      .started({ start: [A], politeness: { delayMs: 5000, perHost: 2 } })
      .fetched(A, paths(3));
    history.last.storedAt = 99_000;
    const { urls, clock } = runnerOf(history);
    clock.time += 3900;
    expect(urls()).toEqual([]);
    clock.time += 100;
    expect(urls()).toHaveLength(1);
  });

  test('pages that are wanted again come first, and where pages are counted they alone go out', () => {
    const B = 'https://b.test/';
    const history = new History()
      .started({ ...fast, start: [A, B], scope: { maxPages: 3, hosts: ['a.test', 'b.test'] } })
      .fetched(A, paths(9))
      .fetched(B)
      .fetched(`${A}p8`)
      .add('JobCompleted', {
        ...{ commandId: 'c', run: 1, because: 'max-pages' },
        pages: { discovered: 11, fetched: 3, failed: 0, skipped: 0, open: 8 },
      })
      .add('PagesRequeued', { commandId: 'r', run: 2, filter: {}, urls: [B, `${A}p8`] });
    const { urls, feed, runner } = runnerOf(history);
    expect(urls().sort()).toEqual([`${A}p8`, B]);
    history.fetched(B, [], { run: 2 }).fetched(`${A}p8`, [], { run: 2 });
    feed();
    expect(urls()).toEqual([]);
    expect(runner.complete).toBe('max-pages');
  });

  test('is complete when nothing is open and nothing flies', () => {
    const history = new History().started({ ...fast, start: [A] });
    const { urls, feed, runner } = runnerOf(history, { live: true });
    expect(runner.complete).toBeNull();
    urls();
    expect(runner.complete).toBeNull();
    history.fetched(A);
    feed();
    expect(runner.complete).toBe('exhausted');
  });

  test('what lies in the fetch queue is in flight; what lies nowhere goes out again with the same try', () => {
    const history = new History().started({ ...fast, start: [A] }).fetched(A, ['/b', '/c']);
    const { runner, take } = runnerOf(history);
    const [first, second] = take();
    expect(first!.tasks.map((t) => t.url)).toEqual([`${A}b`]);
    runner.adopt([{ ...first!, seq: 1 }]);
    expect(take().flatMap((b) => b.tasks)).toEqual(second!.tasks);
  });

  describe('a leader that takes over and finds tasks in flight', () => {
    const takenOver = (history: History) => {
      const tasks = ['p0', 'p1'].map((p) => ({ url: A + p, depth: 1, stage: 'page', try: 1, attempt: 1 }));
      const it = runnerOf(history);
      const batch = { jobId: history.jobId, generation: 1, run: 1, jobSeq: 1, logSeq: 2, tasks };
      it.runner.adopt([{ ...batch, seq: 1 }]);
      return it;
    };

    test('releases none of them again', () => {
      const history = new History().started({ ...fast, start: [A] }).fetched(A, paths(6));
      const { urls, runner } = takenOver(history);
      expect(runner.progress).toMatchObject({ queued: 4, inFlight: 2 });
      expect(urls()).toEqual(
        paths(6)
          .slice(2)
          .map((p) => A + p.slice(1)),
      );
      expect(runner.progress).toMatchObject({ queued: 0, inFlight: 6 });
    });

    test('has all of the places at their host again when they are done', () => {
      const politeness = { ...fast.politeness, perHost: 3 };
      const history = new History().started({ politeness, start: [A] }).fetched(A, paths(9));
      const { urls, feed } = takenOver(history);
      expect(urls()).toEqual([`${A}p2`]);
      for (const p of ['p0', 'p1', 'p2']) history.fetched(A + p);
      feed();
      expect(urls()).toEqual([`${A}p3`, `${A}p4`, `${A}p5`]);
    });

    test('waits for a retry that is in flight already', () => {
      const history = new History().started({ ...fast, start: [A] }).fetched(A, paths(2));
      history.retried(`${A}p0`, { delayMs: 1000 }).last.storedAt = 100_000;
      const { runner, clock, urls } = runnerOf(history);
      const task = { url: `${A}p0`, depth: 1, stage: 'page', try: 2, attempt: 2 };
      const batch = { jobId: history.jobId, generation: 1, run: 1, jobSeq: 1, logSeq: 3, tasks: [task] };
      runner.adopt([{ ...batch, seq: 1 }]);
      clock.time += 2000;
      expect(urls()).toEqual([`${A}p1`]);
    });
  });

  test('a task in the queue whose outcome is in the log is not in flight', () => {
    const history = new History().started({ ...fast, start: [A] });
    const { runner, take, feed } = runnerOf(history, { live: true });
    const [batch] = take();
    history.fetched(A);
    feed();
    runner.adopt([{ ...batch!, seq: 1 }]);
    expect(runner.pace.flights.size).toBe(0);
    expect(runner.complete).toBe('exhausted');
  });

  test('a task of an older run that still lies in the queue is watched until it is gone', () => {
    const history = new History().started({ ...fast, start: [A] });
    const { take } = runnerOf(history, { live: true });
    const [batch] = take();
    history.add('JobStopped', { commandId: 's', run: 1 }).add('JobResumed', { commandId: 'r', run: 2 });
    const resumed = runnerOf(history);
    resumed.runner.adopt([{ ...batch!, seq: 1 }]);
    expect(resumed.runner.mustLook).toBe(true);
    expect(resumed.take()).toEqual([]);
    resumed.runner.adopt([]);
    expect(resumed.take()[0]).toMatchObject({ run: 2, tasks: [{ url: A, try: 1 }] });
  });

  test('what the tail brings again while the history is read is folded once: proxy failures are not counted twice', () => {
    const history = new History()
      .started({ ...fast, start: [A], proxy: { url: 'http://proxy.test:1', tolerance: 2 } })
      .retried(A, { burned: false, code: 'proxy_refused', try: 1 })
      .retried(A, { burned: false, code: 'proxy_refused', try: 2 });
    const { runner } = runnerOf(history);
    runner.replay(history.events.slice(1));
    expect(runner.proxyFailures.beyond(2)).toBeNull();
    expect(runner.proxyFailures.beyond(1)).toMatchObject({ url: A, code: 'proxy_refused' });
  });
});
