import { freePort, until } from '#libs/testing';
import { Home, type Spoor } from './support/spoor.js';
import { Site } from './support/site.js';

const PAGES = 60;

describe('metrics of an engine that runs', () => {
  let home: Home;
  let site: Site;
  let port: number;
  let metricsPort: number;
  let up: Spoor;

  beforeAll(async () => {
    [port, metricsPort] = [await freePort(), await freePort()];
    home = new Home({
      ...{ SPOOR_PORT: String(port), SPOOR_METRICS_PORT: String(metricsPort) },
      SPOOR_ALLOW_PRIVATE: '127.0.0.1',
    });
    site = await new Site({ pages: PAGES }).listen();
    up = home.spoor(['up']);
    await until(() => answers(`${port}/health/ready`), {
      timeoutMs: 120_000,
      what: 'the engine to be ready',
    });
  }, 150_000);
  afterAll(async () => {
    await home.end();
    await site.close();
  });

  const ask = (at: string): Promise<Response> => fetch(`http://127.0.0.1:${at}`);
  const answers = (at: string): Promise<boolean> =>
    ask(at).then(
      (response) => response.ok,
      () => false,
    );
  const scrape = async (at: number): Promise<string> => (await ask(`${at}/metrics`)).text();
  const valueOf = (text: string, series: string): number =>
    Number(new RegExp(`^${series.replace(/[{}"]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1] ?? NaN);

  it('given a crawl, then engine and worker tell of it, each on its own port, with no URL and no host', async () => {
    const { code } = await home.run(['crawl', site.start, '--delay', '0', '--per-host', '8'], {
      SPOOR_METRICS_PORT: '',
    });
    expect(code).toBe(0);
    expect(up.process.exitCode).toBeNull();
    const worker = await scrape(metricsPort + 1);
    expect(valueOf(worker, 'spoor_events_stored_total{type="PageFetched"}')).toBe(site.hits.size);
    expect(valueOf(worker, 'spoor_fetches_total{outcome="answered",code="2xx"}')).toBeGreaterThan(PAGES / 2);
    expect(valueOf(worker, 'spoor_worker_slots')).toBe(32);
    for (const name of ['fetch_duration', 'fetch_ttfb', 'parse', 'publish_ack'])
      expect(worker).toMatch(new RegExp(`^spoor_${name}_seconds_count(\\{.*\\})? [1-9]`, 'm'));

    const engine = await until(async () => {
      const text = await scrape(metricsPort);
      return valueOf(text, 'spoor_projection_lag_events{shard="0"}') === 0 ? text : null;
    });
    expect(valueOf(engine, 'spoor_coordinator_leading{shard="0"}')).toBe(1);
    expect(valueOf(engine, 'spoor_lease_changes_total{shard="0",change="taken"}')).toBe(1);
    expect(valueOf(engine, 'spoor_projection_events_total')).toBeGreaterThan(PAGES);
    expect(valueOf(engine, 'spoor_health_finding{code="projector_stalled",severity="failing"}')).toBe(0);
    expect(engine).toMatch(/^spoor_api_request_duration_seconds_count\{.*route="\/health\/ready".*\} [1-9]/m);
    expect(engine).toContain('process_cpu_seconds_total');
    for (const text of [worker, engine]) expect(text).not.toMatch(/https?:|127\.0\.0\.1/);
    expect(await (await ask(`${port}/metrics`)).text()).toContain('spoor_projection_lag_events');
  }, 120_000);

  it('given any part, then it tells whether it is ready, of what is its own business', async () => {
    expect(await (await ask(`${metricsPort + 1}/health/live`)).json()).toEqual({ status: 'ok' });
    const worker = await ask(`${metricsPort + 1}/health/ready`);
    expect([worker.status, await worker.json()]).toMatchObject([
      200,
      { status: 'ok', nats: 'ok', postgres: 'unused', findings: [] },
    ]);
  });

  it('given a port that is taken, then one clear line names the setting', async () => {
    const { code, stderr } = await home.run(['run', 'worker']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: Health and metrics cannot be served on 127\.0\.0\.1:\d+\.$/m);
    expect(stderr).toContain('SPOOR_METRICS_PORT');
  }, 180_000);
});
