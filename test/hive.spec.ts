import {
  GrpcCaller,
  killBrowsers,
  startLocalSite,
  type Answer,
  type LocalSite,
} from '../apps/hive/test-support.js';
import { freePort, until } from '#libs/testing';
import { Home, type Spoor } from './support/spoor.js';

const WORKER_CODES = new Set([0, 5001, 5002, 5003, 5005, 5006]);

interface Cluster {
  scopeStats: Record<string, { totalWorkers: number; totalSlots: number }>;
}

describe('the browser service in processes of its own, found through NATS', () => {
  let home: Home;
  let site: LocalSite;
  let coordinator: GrpcCaller;
  let metricsPort: number;
  const workers: Spoor[] = [];

  const start = async (role: string, env: NodeJS.ProcessEnv = {}): Promise<Spoor> => {
    const part = home.spoor(['run', 'hive'], { SPOOR_HIVE_ROLES: role, SPOOR_METRICS_PORT: '0', ...env });
    await until(
      () => {
        if (part.process.exitCode !== null) throw new Error(part.stderr);
        return part.stderr.includes('"ready"');
      },
      { timeoutMs: 60_000, what: `the ${role} to be ready` },
    );
    return part;
  };
  const startWorker = async (): Promise<Spoor> =>
    start('worker', { SPOOR_HIVE_WORKER_PORT: String(await freePort()), WORKER_MAX_CONTEXTS: '3' });
  const scrape = (path = '/ok', more: object = {}): Promise<Answer> =>
    coordinator.call('ScrapePage', {
      scopeName: 'default',
      waitStrategy: 'load',
      url: site.url + path,
      ...more,
    });
  const heard = (count: number): Promise<unknown> =>
    until(
      async () =>
        (await coordinator.call<Cluster>('GetClusterStats', {})).scopeStats['default']?.totalWorkers ===
        count,
      { timeoutMs: 20_000, what: `${count} workers to be heard` },
    );

  beforeAll(async () => {
    site = await startLocalSite();
    home = new Home({ SPOOR_ALLOW_PRIVATE: site.host, SPOOR_LOG_LEVEL: 'info', NATS_URL: '' });
    const port = await freePort();
    metricsPort = await freePort();
    await start('coordinator', { SPOOR_HIVE_PORT: String(port), SPOOR_METRICS_PORT: String(metricsPort) });
    coordinator = new GrpcCaller(
      `127.0.0.1:${port}`,
      'coordinator.proto',
      'scraper.coordinator.ScraperCoordinator',
    );
  }, 120_000);

  afterAll(async () => {
    coordinator?.close();
    await home?.end();
    await site?.close();
  });

  it('given no worker, then a request is told so', async () => {
    expect(await scrape()).toMatchObject({ success: false, errorCode: 5001 });
  });

  it('given two workers, then both get requests, and a session stays with its own', async () => {
    workers.push(...(await Promise.all([startWorker(), startWorker()])));
    await heard(2);
    const answers = await Promise.all(Array.from({ length: 6 }, () => scrape('/set')));
    expect(answers.map(({ errorCode }) => errorCode)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(new Set(answers.map(({ workerId }) => workerId)).size).toBe(2);
    for (const { sessionId, workerId } of answers) {
      const back = await scrape('/cookie', { sessionId });
      expect(back).toMatchObject({ workerId, sessionId, content: expect.stringContaining('kept=yes') });
    }
    const { contextId } = answers[0]!;
    expect(await scrape('/cookie', { contextId })).toMatchObject({ success: true, contextId });
  });

  it('given kill -9 of browsers and of a worker under load, then no request is without an answer', async () => {
    const answers: Answer[] = [];
    let on = true;
    const caller = async (): Promise<void> => {
      while (on) answers.push(await scrape('/rendered'));
    };
    const load = Array.from({ length: 5 }, caller);
    const good = (): number => answers.filter(({ success }) => success).length;
    const more = (count: number): Promise<unknown> => {
      const from = good();
      return until(() => good() >= from + count, { timeoutMs: 60_000, what: 'pages' });
    };
    await more(10);
    expect(killBrowsers(workers[0]!.process.pid!)).toBe(1);
    await more(10);
    workers[1]!.kill('SIGKILL');
    await more(10);
    on = false;
    await Promise.all(load);
    // A call that ends with a status other than OK would have rejected.
    for (const answer of answers) {
      expect(WORKER_CODES).toContain(answer.errorCode);
      expect(answer.executionTimeMs).toBeGreaterThanOrEqual(0);
      expect(answer.success).toBe(answer.errorCode === 0);
      if (answer.success) expect(answer.content).toContain('rendered');
    }
    await heard(1);
  });

  it('given a worker that was killed, then its browser is gone, too', async () => {
    await until(() => killBrowsers(workers[1]!.process.pid!) === 0, {
      what: 'no browser without its worker',
    });
  });

  it('given SIGTERM, then a worker finishes what it has, and requests go to the other', async () => {
    const other = await startWorker();
    workers.push(other);
    await heard(2);
    const before = site.asked.length;
    const slow = Array.from({ length: 2 }, () =>
      scrape('/noisy', { waitStrategy: 'timeout', waitTimeoutMs: 1500 }),
    );
    await until(() => site.asked.slice(before).filter((path) => path === '/noisy').length === 2);
    workers[0]!.kill('SIGTERM');
    const during = await Promise.all([scrape(), scrape()]);
    expect(during.map(({ errorCode }) => errorCode)).toEqual([0, 0]);
    expect((await Promise.all(slow)).map(({ success }) => success)).toEqual([true, true]);
    expect((await workers[0]!.finished).code).toBe(0);
    await heard(1);
  });

  it('serves health and metrics, where a rise from nothing is seen', async () => {
    const at = `http://127.0.0.1:${metricsPort}`;
    expect((await fetch(`${at}/health/ready`)).status).toBe(200);
    const text = await (await fetch(`${at}/metrics`)).text();
    expect(text).toMatch(/^browser_hive_coordinator_workers\{scope="default"\} 1$/m);
    expect(text).toContain(
      'browser_hive_coordinator_request_duration_seconds_count{scope="default",error_code="NONE"}',
    );
  });
});
