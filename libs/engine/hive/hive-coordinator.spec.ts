import { HiveCallError, type HiveMetrics, type HiveWorkers, type WorkerAnswer } from '#libs/engine/ports';
import type { Heartbeat, HiveCode } from '#libs/hive';
import { HiveCoordinator, type CoordinatorRequest } from './hive-coordinator.js';

const beat = (workerId: string, more: Partial<Heartbeat> = {}): Heartbeat => ({
  ...{ workerId, scope: 's', address: `${workerId}:1`, slots: 4, active: 0, draining: false, healthy: true },
  ...{ totalRequests: 0, successRate: 1 },
  ...more,
});
const request: CoordinatorRequest = {
  ...{ scopeName: 's', url: 'http://a.test/', timeoutSeconds: 60, sessionId: '', rayId: '', countryCode: '' },
  ...{ waitStrategy: '', waitTimeoutMs: 0, waitSelector: '', skipSelector: '', render: null },
};
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A coordinator whose workers answer as told, by address. */
function stage(answers: Record<string, HiveCode | HiveCallError>, takesMs = 0) {
  let now = 0;
  const asked: string[] = [];
  const workers: HiveWorkers = {
    scrape: async (address, { contextId, rayId }): Promise<WorkerAnswer> => {
      asked.push(address);
      now += takesMs;
      const code = answers[address]!;
      if (code instanceof Error) throw code;
      return {
        ...{ code, message: code, statusCode: 200, content: 'x', headers: {}, executionMs: 1, render: null },
        ...{ contextId: contextId || 'ctx-1', rayId },
      };
    },
    close: () => {},
  };
  const clock = {
    now: () => now,
    monotonic: () => now,
    sleep: async (ms: number) => void (now += ms),
    timer: () => () => {},
  };
  const ends: string[] = [];
  const uncounted = (): void => undefined;
  const metrics: HiveMetrics = {
    ...{ navigated: uncounted, contentRead: uncounted, contextOpened: uncounted, scraped: uncounted },
    ...{ contextRecycled: uncounted, browserLost: uncounted },
    routed: (_, end) => void ends.push(end),
  };
  const coordinator = new HiveCoordinator(
    { workers, clock, metrics, logger: silent, newRayId: () => 'ray_1' },
    { scopes: ['s'], timeoutMs: 60_000 },
  );
  const scrape = (more: Partial<CoordinatorRequest> = {}) =>
    coordinator.scrape({ ...request, ...more }, new AbortController().signal);
  return { coordinator, asked, ends, scrape, pass: (ms: number) => (now += ms) };
}

describe('the coordinator of the browser service', () => {
  it('given a worker that goes down, then another one is asked, and the first no more', async () => {
    const { coordinator, asked, scrape } = stage({ 'a:1': 'terminating', 'b:1': 'none' });
    coordinator.hear(beat('a'));
    coordinator.hear(beat('b', { active: 1 }));
    expect(await scrape()).toMatchObject({
      code: 'none',
      workerId: 'b',
      sessionId: 'b:ctx-1',
      rayId: 'ray_1',
    });
    await scrape();
    expect(asked).toEqual(['a:1', 'b:1', 'b:1']);
  });

  it('given three that go down, then that is said', async () => {
    const { coordinator, asked, scrape } = stage({
      ...{ 'a:1': 'terminating', 'b:1': 'terminating', 'c:1': 'terminating', 'd:1': 'none' },
    });
    for (const [i, id] of ['a', 'b', 'c', 'd'].entries()) coordinator.hear(beat(id, { active: i }));
    expect(await scrape()).toMatchObject({ code: 'terminating' });
    expect(asked).toHaveLength(3);
  });

  it('given less than ten seconds left, then nobody else is asked', async () => {
    const { coordinator, asked, scrape } = stage({ 'a:1': 'terminating', 'b:1': 'none' }, 51_000);
    coordinator.hear(beat('a'));
    coordinator.hear(beat('b', { active: 1 }));
    expect(await scrape()).toMatchObject({ code: 'terminating' });
    expect(asked).toEqual(['a:1']);
  });

  it.each([
    ['unreachable', 'worker_unreachable', 'Worker not reachable: a'],
    ['timeout', 'timeout_grpc', 'Worker a did not answer within 65000ms'],
  ] as const)(
    'given a worker that is %s, then it is %s, and no other one is asked',
    async (kind, code, message) => {
      const { coordinator, asked, scrape } = stage({ 'a:1': new HiveCallError(kind), 'b:1': 'none' });
      coordinator.hear(beat('a'));
      coordinator.hear(beat('b', { active: 1 }));
      expect(await scrape()).toMatchObject({ code, message, workerId: 'a' });
      expect(asked).toEqual(['a:1']);
    },
  );

  it('given a caller who gave up, then that is counted, and no worker that cannot be reached', async () => {
    const { coordinator, ends, scrape } = stage({ 'a:1': new HiveCallError('cancelled') });
    coordinator.hear(beat('a'));
    await scrape();
    expect(ends).toEqual(['cancelled']);
    expect(coordinator.liveWorkers).toBe(1);
  });

  it('given one that was not reached, then it gets nothing until it is heard again', async () => {
    const { coordinator, scrape } = stage({ 'a:1': new HiveCallError('unreachable') });
    coordinator.hear(beat('a'));
    await scrape();
    expect(await scrape()).toMatchObject({ code: 'no_workers_available', statusCode: 0, content: '' });
    coordinator.hear(beat('a'));
    expect(await scrape()).toMatchObject({ code: 'worker_unreachable' });
  });

  it('given a session, then its worker alone is asked, also when others are free', async () => {
    const { coordinator, asked, scrape, pass } = stage({ 'a:1': 'none', 'b:1': 'none' });
    coordinator.hear(beat('a', { active: 4 }));
    coordinator.hear(beat('b'));
    expect(await scrape({ sessionId: 'a:ctx-7' })).toMatchObject({ code: 'none', sessionId: 'a:ctx-7' });
    expect(asked).toEqual(['a:1']);
    pass(4000);
    expect(await scrape({ sessionId: 'a:ctx-7' })).toMatchObject({ code: 'worker_unreachable' });
    expect(await scrape({ sessionId: 'gone:ctx-7' })).toMatchObject({
      code: 'session_not_found',
      message: 'Context not found or expired: ctx-7',
    });
  });

  it('tells which scopes there are, and how full', () => {
    const { coordinator } = stage({});
    coordinator.hear(beat('a', { active: 1, totalRequests: 3, successRate: 1 }));
    coordinator.hear(beat('b', { draining: true, totalRequests: 1, successRate: 0 }));
    expect(coordinator.figures.scopes).toEqual([
      { name: 's', totalWorkers: 2, totalSlots: 8, availableSlots: 3, activeRequests: 1, successRate: 0.75 },
    ]);
  });
});
