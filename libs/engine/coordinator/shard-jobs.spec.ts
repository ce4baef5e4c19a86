import type { LogEntry } from '#libs/events';
import { Frontier } from '#libs/job';
import type { LogBatch } from '#libs/engine/ports';
import { History } from '#libs/testing/history';
import { RestingJobs } from './resting-jobs.js';
import { ShardJobs } from './shard-jobs.js';

const A = 'https://a.test/';
const KEY = [1, 2] as const;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const run = { commandId: 'c', run: 1 } as const;
const resumed = { ...run, run: 2 };
const tail = (...entries: LogEntry[]): LogBatch => ({ entries, upTo: entries.at(-1)!.seq, caughtUp: true });

function shard() {
  let reads = 0;
  let looks = 0;
  const clock = {
    now: () => 0,
    monotonic: () => 0,
    sleep: async () => undefined,
    timer: () => () => undefined,
  };
  const jobs = new ShardJobs(
    {
      ...{ clock, logger: quiet, hashKey: KEY, onDropped: () => undefined, onUnreadable: () => undefined },
      onLoading: () => looks++,
      eventLog: {
        readJob: () => {
          reads++;
          return [];
        },
      } as never,
    },
    new AbortController().signal,
  );
  return { jobs, reads: () => reads, looks: () => looks };
}

const unreadable = (history: History, seq: number): LogEntry => ({
  ...{ unreadable: true, seq, storedAt: 0, jobId: history.jobId, reason: 'unknown event type X' },
  ...{ subject: 's', type: 'X', id: 'x' },
});

describe('a job that was paused while it was led', () => {
  const paused = () =>
    new History()
      .started({ start: [A] })
      .fetched(A, ['/b', '/c'])
      .add('JobPaused', { ...run, by: 'user' });

  test('goes on without its history being read, with what came meanwhile, and what is in flight is looked up', () => {
    const { jobs, reads, looks } = shard();
    const history = paused().fetched(`${A}b`, ['/d']).add('JobResumed', resumed);
    for (const event of history.events) jobs.fold(tail(event));
    const runner = jobs.runners.get(history.jobId)!;
    const fresh = new Frontier(history.jobId, KEY);
    for (const event of history.events) fresh.apply(event);
    expect(runner.frontier.counts).toEqual(fresh.counts);
    expect([runner.running, runner.pace.queued, reads(), looks()]).toEqual([true, 2, 0, 1]);
  });

  test('has its history read when something came that cannot be read', () => {
    const { jobs, reads } = shard();
    const history = paused();
    for (const event of history.events) jobs.fold(tail(event));
    jobs.fold(tail(unreadable(history, history.last.seq + 1)));
    const { events } = paused().fetched(`${A}b`).add('JobResumed', resumed);
    jobs.fold(tail(events.at(-1)!));
    expect([jobs.loading, reads()]).toEqual([true, 1]);
  });
});

test('jobs that rested longest make room, and a job that is done does not rest', () => {
  const resting = new RestingJobs(5);
  const frontierOf = (jobId: string, last: 'JobPaused' | 'JobCompleted'): Frontier => {
    const frontier = new Frontier(jobId, KEY);
    const history = new History(jobId).started({ start: [A] }).fetched(A, ['/b', '/c']);
    if (last === 'JobPaused') history.add(last, { ...run, by: 'user' });
    else history.add(last, { ...run, because: 'exhausted', pages: frontier.counts });
    for (const event of history.events) frontier.apply(event);
    return frontier;
  };
  const add = (jobId: string, last: 'JobPaused' | 'JobCompleted' = 'JobPaused'): void =>
    resting.add({ frontier: frontierOf(jobId, last), proxyFailures: {} as never });
  const rests = (jobId: string): boolean =>
    resting.fold({ ...new History(jobId).started({ start: [A] }).last }) !== null;
  add('0-first0000');
  add('0-done00000', 'JobCompleted');
  add('0-second000');
  expect([rests('0-first0000'), rests('0-done00000')]).toEqual([false, false]);
});
