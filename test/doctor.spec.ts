import { freePort, until } from '#libs/testing';
import { Home, type Spoor } from './support/spoor.js';
import { Site } from './support/site.js';

interface Found {
  status: string;
  findings: { code: string; severity: string; command: string | null; jobs?: string[] }[];
}

/** The parts of an engine as processes of their own, of which one is frozen or missing: nothing may look green then. */
describe('an engine that is stuck says so', () => {
  let home: Home;
  let site: Site;
  let base: string;
  let coordinator: Spoor;
  let projector: Spoor;

  beforeAll(async () => {
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    home = new Home({
      ...{ SPOOR_PORT: String(port), SPOOR_ALLOW_PRIVATE: '127.0.0.1', SPOOR_LOG_LEVEL: 'warn' },
      SPOOR_LEASE_MS: '1000',
    });
    const api = home.spoor(['run', 'api']);
    await until(async () => (await probe()).code === 200, {
      timeoutMs: 120_000,
      what: 'the api to be ready',
    });
    expect(api.process.exitCode).toBeNull();
    projector = home.spoor(['run', 'projector']);
    site = await new Site({ pages: 2000, delayMs: 20 }).listen();
  }, 150_000);
  afterAll(async () => {
    for (const one of [coordinator, projector]) one?.kill('SIGCONT');
    await home.end();
    await site.close();
  });

  const probe = (): Promise<{ code: number; body: Found }> =>
    fetch(`${base}/health/ready`).then(
      async (response) => ({ code: response.status, body: (await response.json()) as Found }),
      () => ({ code: 0, body: { status: 'away', findings: [] } }),
    );
  const turnsRed = async (code: string): Promise<Found> => {
    const found = await until(
      async () => {
        const { code: status, body } = await probe();
        return status === 503 && body.findings.some((one) => one.code === code) ? body : null;
      },
      { timeoutMs: 90_000, what: `readiness to name ${code}` },
    );
    return found;
  };
  const doctor = async () => {
    const { code, stdout } = await home.run(['doctor', '--output', 'json']);
    return { code, ...(JSON.parse(stdout) as Found) };
  };
  const startJob = async (): Promise<string> => {
    const response = await fetch(`${base}/api/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        start: [site.start],
        politeness: { concurrency: 4, perHost: 4, delayMs: 0, robots: 'ignore' },
      }),
    });
    expect(response.status).toBe(201);
    return ((await response.json()) as { jobId: string }).jobId;
  };

  it('given a running job and no coordinator, then a frozen one, then a frozen projector', async () => {
    expect(await doctor()).toMatchObject({ code: 0, status: 'ok', findings: [] });
    const jobId = await startJob();
    await turnsRed('job_without_coordinator');
    const named = { code: 'job_without_coordinator', jobs: [jobId], command: 'spoor run coordinator' };
    expect(await doctor()).toMatchObject({ code: 5, status: 'unavailable', findings: [named] });

    coordinator = home.spoor(['run', 'coordinator']);
    const isLed = async (): Promise<boolean> =>
      !(await probe()).body.findings.some(({ code }) => code === named.code);
    await until(isLed, { timeoutMs: 60_000 });
    coordinator.kill('SIGSTOP');
    await turnsRed('job_without_coordinator');
    coordinator.kill('SIGCONT');
    await until(isLed, { timeoutMs: 60_000 });

    projector.kill('SIGSTOP');
    home.spoor(['run', 'worker']);
    await turnsRed('projector_stalled');
    const { code, findings } = await doctor();
    expect(code).toBe(5);
    expect(findings).toMatchObject([{ code: 'projector_stalled', command: 'spoor run projector' }]);
    const text = await home.run(['doctor']);
    expect(text.code).toBe(5);
    expect(text.stdout).toMatch(
      /^FAILING {2}projector_stalled: The read models of shard 0 stand still at event/m,
    );
    projector.kill('SIGCONT');
    await until(async () => (await probe()).code === 200, {
      timeoutMs: 90_000,
      what: 'the engine to be well',
    });
  }, 400_000);

  it('given stores that cannot be reached, then they are what is wrong', async () => {
    const port = await freePort();
    const away = await home.run(['doctor', '--output', 'json'], {
      ...{ NATS_URL: `nats://127.0.0.1:${port}`, DATABASE_URL: `postgres://u:hunter2@127.0.0.1:${port}/d` },
    });
    expect(away.code).toBe(5);
    expect(JSON.parse(away.stdout)).toMatchObject({
      status: 'unavailable',
      findings: [{ code: 'nats_unavailable', severity: 'failing', message: 'NATS cannot be reached.' }],
    });
    expect(away.stdout + away.stderr).not.toContain('hunter2');
  });
});
