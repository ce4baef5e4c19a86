import { status } from '@grpc/grpc-js';
import { loadConfig, loadHiveConfig } from '#libs/config';
import { openHive, type HiveResources } from '#libs/hosting/hive';
import { freePort, testDir, until } from '#libs/testing';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startHive, type RunningHive } from './index.js';
import { GrpcCaller, killBrowsers, startLocalSite, type Answer, type LocalSite } from './test-support.js';

const FILE = 'coordinator.proto';
const SERVICE = 'scraper.coordinator.ScraperCoordinator';
const QUICK = { waitStrategy: 'load' };
/** A busy machine may take a while for a page. */
const PATIENT = { timeoutMs: 45_000 };

describe('the browser service over gRPC, with real Chromium', () => {
  let site: LocalSite;
  let hive: HiveResources;
  let running: RunningHive;
  let coordinator: GrpcCaller;
  let worker: GrpcCaller;
  let closed = false;

  const scrape = (request: object, options = {}): Promise<Answer> =>
    coordinator.call('ScrapePage', { scopeName: 'my_scope', ...QUICK, ...request }, options);
  const atWorker = (request: object, options = {}): Promise<Answer> =>
    worker.call('ScrapePage', { ...QUICK, ...request }, options);

  beforeAll(async () => {
    site = await startLocalSite();
    const dir = testDir('hive');
    const scopes = {
      my_scope: { contexts: { max: 3 }, limits: { maxPageMemoryMb: 96 } },
      fresh: { session: { mode: 'always_new' }, contexts: { max: 1 } },
    };
    writeFileSync(join(dir, 'scopes.json'), JSON.stringify({ scopes }));
    const [port, workerPort] = [await freePort(), await freePort()];
    const env = {
      SPOOR_HOME: dir,
      SPOOR_LOG_LEVEL: 'silent',
      SPOOR_ALLOW_PRIVATE: site.host,
      SPOOR_HIVE_SCOPES: join(dir, 'scopes.json'),
      SPOOR_HIVE_PORT: String(port),
      SPOOR_HIVE_WORKER_PORT: String(workerPort),
      SPOOR_CHROMIUM: process.env.SPOOR_CHROMIUM ?? '',
      COORDINATOR_MODE: 'local',
    };
    hive = await openHive({ config: loadConfig(env), hive: loadHiveConfig(env) });
    running = await startHive(hive);
    coordinator = new GrpcCaller(`127.0.0.1:${port}`, FILE, SERVICE);
    worker = new GrpcCaller(`127.0.0.1:${workerPort}`, 'worker.proto', 'scraper.worker.WorkerService');
  }, 120_000);

  afterAll(async () => {
    if (!closed) await running?.close(0);
    coordinator?.close();
    worker?.close();
    await hive?.close();
    await site?.close();
  });

  it('renders a page', async () => {
    const answer = await scrape({ url: `${site.url}/to-rendered`, rayId: 'ray_mine', render: {} });
    expect(answer).toMatchObject({
      success: true,
      statusCode: 200,
      errorCode: 0,
      errorMessage: '',
      rayId: 'ray_mine',
    });
    expect(answer.content).toContain('rendered \u{1F400} here</h1>');
    expect(answer.responseHeaders['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.sessionId).toBe(`${answer.workerId}:${answer.contextId}`);
    expect(answer.contextId).toMatch(/^ctx-[\w-]{22,}$/);
    expect(answer.render).toMatchObject({ finalUrl: `${site.url}/rendered`, failureCode: '' });
    expect(answer.render?.redirects).toHaveLength(1);
  });

  it('an error of the site is no error of ours', async () => {
    expect(await scrape({ url: `${site.url}/gone` })).toMatchObject({
      success: true,
      statusCode: 410,
      content: expect.stringContaining('gone'),
    });
  });

  describe('the scenarios of the contract', () => {
    it.each([
      ['not-a-valid-url', 'Invalid URL: relative URL without a base'],
      ['http://', 'Invalid URL: empty host'],
      ['file:///etc/passwd', 'Invalid URL: the scheme file: is not http or https'],
      ['chrome://version', 'Invalid URL: the scheme chrome: is not http or https'],
      ['http://u:p@127.0.0.1/', 'Invalid URL: credentials do not belong in a URL'],
      ['', 'Invalid URL: relative URL without a base'],
    ])('1 invalid URL: %p', async (url, errorMessage) => {
      const expected = {
        success: false,
        statusCode: 0,
        content: '',
        errorCode: 4001,
        contextId: '',
        errorMessage,
      };
      expect(await scrape({ url })).toMatchObject(expected);
      expect(await atWorker({ url })).toMatchObject(expected);
    });

    it('2 session expired', async () => {
      const expected = {
        ...{ success: false, content: '', errorCode: 4002, contextId: '' },
        errorMessage: 'Context not found or expired: ctx-expired-123',
      };
      const request = { url: `${site.url}/ok`, contextId: 'ctx-expired-123' };
      expect(await scrape(request)).toMatchObject(expected);
      expect(await atWorker(request)).toMatchObject(expected);
    });

    it('3 network error: a name that does not resolve', async () => {
      for (const scheme of ['https', 'http']) {
        const answer = await scrape({ url: `${scheme}://nonexistent-site-xyz.invalid/` });
        expect(answer).toMatchObject({
          ...{ success: false, statusCode: 0, errorCode: 5004 },
          errorMessage: 'Failed to navigate to URL: net::ERR_NAME_NOT_RESOLVED',
          content: expect.stringContaining('ERR_NAME_NOT_RESOLVED'),
          contextId: expect.stringMatching(/^ctx-/),
        });
      }
    });

    it('4 wait selector not found: the page is there all the same', async () => {
      const request = {
        url: `${site.url}/rendered`,
        waitStrategy: '',
        waitSelector: '#login-button',
        waitTimeoutMs: 200,
      };
      expect(await scrape(request)).toMatchObject({
        ...{ success: false, statusCode: 200, errorCode: 4042 },
        errorMessage: "Wait selector '#login-button' was not found within timeout",
        content: expect.stringContaining('rendered'),
        contextId: expect.stringMatching(/^ctx-/),
      });
    });

    it('5 skip selector found', async () => {
      const request = {
        url: `${site.url}/captcha`,
        skipSelector: '.captcha-challenge',
        waitStrategy: 'network_idle',
      };
      expect(await scrape(request)).toMatchObject({
        ...{ success: false, statusCode: 200, errorCode: 4043 },
        errorMessage: "Skip selector '.captcha-challenge' was found",
        content: expect.stringContaining('prove it'),
      });
    });

    it('6a a tab that hangs is replaced, and its session has all cookies', async () => {
      const { sessionId } = await scrape({ url: `${site.url}/set` });
      const stuck = await scrape({ url: `${site.url}/hang`, sessionId, timeoutSeconds: 2 });
      expect(stuck).toMatchObject({ success: false, errorCode: 4041, content: '', sessionId });
      expect(stuck.errorMessage).toMatch(/^Wait strategy 'load' failed: /);
      const again = await scrape({ url: `${site.url}/cookie`, sessionId: stuck.sessionId });
      expect(again).toMatchObject({
        success: true,
        content: expect.stringContaining('kept=yes'),
        contextId: stuck.contextId,
      });
    });

    it('7 context busy', async () => {
      const { contextId } = await scrape({ url: `${site.url}/ok` });
      const first = atWorker({ url: `${site.url}/held`, contextId });
      await until(async () => site.asked.includes('/held'), PATIENT);
      const second = await scrape({ url: `${site.url}/ok`, contextId });
      expect(second).toMatchObject({
        success: false,
        statusCode: 0,
        content: '',
        errorCode: 5003,
        contextId,
      });
      expect(second.errorMessage).toMatch(
        new RegExp(
          `^Context ${contextId} is already busy \\(created: \\d{4}-\\d\\d-\\d\\dT[\\d:]+Z, last_used: \\S+Z, total_requests: \\d+, cache_size_mb: \\d+\\) \\(after \\d+ms\\)$`,
        ),
      );
      site.release();
      expect(await first).toMatchObject({ success: true, contextId });
    });

    it('9 scope not found', async () => {
      const expected = {
        success: false,
        content: '',
        errorCode: 4003,
        errorMessage: 'Scope not found: invalid_scope',
      };
      expect(await scrape({ url: `${site.url}/ok`, scopeName: 'invalid_scope' })).toMatchObject(expected);
      expect(await atWorker({ url: `${site.url}/ok`, scopeName: 'invalid_scope' })).toMatchObject(expected);
    });

    it('10 no workers available', async () => {
      const before = site.asked.length;
      const first = scrape({ url: `${site.url}/held`, scopeName: 'fresh' });
      await until(async () => site.asked.slice(before).includes('/held'), PATIENT);
      expect(await scrape({ url: `${site.url}/ok`, scopeName: 'fresh' })).toMatchObject({
        ...{ success: false, statusCode: 0, content: '', errorCode: 5001, contextId: '' },
        errorMessage: 'No available slots in scope: fresh. All workers are busy.',
      });
      site.release();
      expect(await first).toMatchObject({ success: true });
    });
  });

  it('TIMEOUT_BROWSER has an answer, DEADLINE_EXCEEDED has none', async () => {
    expect(await scrape({ url: `${site.url}/never`, timeoutSeconds: 1 })).toMatchObject({
      ...{ success: false, statusCode: 0, errorCode: 4041, content: '' },
      errorMessage: expect.stringMatching(/^Wait strategy 'load' failed: navigation /),
    });
    const request = { url: `${site.url}/restless`, waitStrategy: 'network_idle' };
    expect(await scrape({ ...request, waitTimeoutMs: 700 })).toMatchObject({
      ...{ success: false, statusCode: 200, errorCode: 4041, content: '' },
      errorMessage: expect.stringMatching(/^Wait strategy 'network_idle' failed: /),
      executionTimeMs: expect.any(Number),
    });
    await expect(scrape(request, { deadlineMs: 400 })).rejects.toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    });
  });

  it('a selector that is none is said to be, and nothing is waited for', async () => {
    expect(await scrape({ url: `${site.url}/ok`, waitSelector: '###', waitStrategy: '' })).toMatchObject({
      errorCode: 4042,
      errorMessage: "Wait selector '###' was not found within timeout: it is not a CSS selector",
    });
    expect(await scrape({ url: `${site.url}/ok`, skipSelector: '###' })).toMatchObject({ errorCode: 9999 });
    expect(await scrape({ url: `${site.url}/ok`, waitStrategy: 'soon' })).toMatchObject({
      errorCode: 9999,
      errorMessage: expect.stringMatching(/^Invalid wait_strategy: /),
    });
  });

  it('a page that forbids us is not waited for', async () => {
    const answer = await scrape({ url: `${site.url}/forbidden`, waitStrategy: 'network_idle' });
    expect(answer).toMatchObject({
      success: true,
      statusCode: 403,
      content: expect.stringContaining('go away'),
    });
  });

  it('waits until what is wanted is there', async () => {
    expect((await scrape({ url: `${site.url}/later`, waitStrategy: 'network_idle' })).content).toContain(
      'and later',
    );
    expect(
      (await scrape({ url: `${site.url}/rendered`, waitStrategy: 'selector', waitSelector: '#done' }))
        .success,
    ).toBe(true);
  });

  it('what may not be reached is an invalid URL, also behind a redirect', async () => {
    for (const url of [
      'http://169.254.169.254/latest',
      'http://localhost:8099/',
      `${site.url}/to-private`,
      'https://10.0.0.1/',
    ])
      expect(await scrape({ url, render: {} })).toMatchObject({
        ...{ success: false, errorCode: 4001, content: '' },
        errorMessage: 'Invalid URL: the address is not public',
        render: { failureCode: 'blocked_address' },
      });
  });

  it('names what the network did', async () => {
    expect(await scrape({ url: `${site.url}/reset`, render: {} })).toMatchObject({
      errorCode: 5004,
      success: false,
      statusCode: 0,
    });
    expect(await scrape({ url: `https://${site.host}/`, render: {} })).toMatchObject({
      errorCode: 5004,
      errorMessage: expect.stringMatching(/^Failed to navigate to URL: net::ERR_/),
    });
  });

  it('half a character does not spoil the answer', async () => {
    expect((await scrape({ url: `${site.url}/surrogate` })).content).toContain('half \ufffd');
  });

  it('a page that eats its memory crashes alone', async () => {
    const answer = await scrape({ url: `${site.url}/crash`, timeoutSeconds: 50 });
    expect(answer).toMatchObject({ success: false, errorCode: 5003, content: '' });
    expect(answer.errorMessage).toContain('the page crashed (domain: 127.0.0.1)');
    expect(await scrape({ url: `${site.url}/ok` })).toMatchObject({ success: true });
  });

  it('always_new gives no session and keeps no cookie', async () => {
    const first = await scrape({ url: `${site.url}/set`, scopeName: 'fresh' });
    expect(first).toMatchObject({ success: true, contextId: '', sessionId: '' });
    expect((await scrape({ url: `${site.url}/cookie`, scopeName: 'fresh' })).content).toContain('no cookie');
  });

  it('a session of one job is nobody else’s', async () => {
    const { contextId } = await scrape({ url: `${site.url}/set`, render: { jobId: 'a' } });
    expect(await scrape({ url: `${site.url}/cookie`, contextId, render: { jobId: 'b' } })).toMatchObject({
      errorCode: 4002,
    });
    expect(await scrape({ url: `${site.url}/cookie`, contextId })).toMatchObject({ errorCode: 4002 });
    expect(
      (await scrape({ url: `${site.url}/cookie`, contextId, render: { jobId: 'a' } })).content,
    ).toContain('kept=yes');
  });

  it('takes a picture and a HAR when asked', async () => {
    const { render } = await scrape({ url: `${site.url}/rendered`, render: { screenshot: true, har: true } });
    expect(Buffer.from(render!.screenshot).subarray(1, 4).toString()).toBe('PNG');
    expect(JSON.parse(render!.har).log.entries[0].request.url).toBe(`${site.url}/rendered`);
  });

  it('bytes that are no message are answered, too: INTERNAL does not occur', async () => {
    const raw = Buffer.from('ff00ff00ff', 'hex');
    expect(await coordinator.call('ScrapePage', {}, { raw })).toMatchObject({
      success: false,
      errorCode: 9999,
    });
    expect(await worker.call('ScrapePage', {}, { raw })).toMatchObject({ success: false, errorCode: 9999 });
    await expect(coordinator.call('ScrapePage', { url: 'x'.repeat(17 * 2 ** 20) })).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
  });

  it('tells its figures, by scope and by code', async () => {
    const stats = await worker.call<Record<string, unknown>>('GetStats', {});
    expect(stats).toMatchObject({ scopeName: 'my_scope', activeRequests: 0 });
    expect(await worker.call('HealthCheck', {})).toEqual({ healthy: true, message: 'ok' });
    const cluster = await coordinator.call<{ scopeStats: Record<string, object> }>('GetClusterStats', {});
    expect(cluster.scopeStats['my_scope']).toMatchObject({ totalWorkers: 1, totalSlots: 3 });
    const text = await hive.metrics.text();
    for (const name of ['total_contexts', 'active_contexts', 'available_slots', 'requests_total'])
      expect(text).toContain(`browser_hive_worker_${name}{scope="my_scope"}`);
    expect(text).toMatch(
      /browser_hive_worker_requests_failed\{scope="my_scope",error_code="INVALID_URL"\} [1-9]/,
    );
  });

  it('6 browser crashed: whoever was at work hears so, the session once more, and all others get a new browser', async () => {
    const { sessionId, contextId } = await scrape({ url: `${site.url}/set` });
    const before = site.asked.length;
    const caught = scrape({ url: `${site.url}/held`, render: { jobId: 'other' } });
    await until(async () => site.asked.slice(before).includes('/held'), PATIENT);
    killBrowsers();
    expect(await caught).toMatchObject({ success: false, statusCode: 0, content: '', errorCode: 5003 });
    const answer = await scrape({ url: `${site.url}/cookie`, sessionId });
    expect(answer).toMatchObject({ success: false, statusCode: 0, content: '', errorCode: 5003, contextId });
    expect(answer.errorMessage).toMatch(
      /^Failed to create tab for context ctx-[\w-]+ \(domain: 127\.0\.0\.1\): connection is closed \(after \d+ms\)$/,
    );
    expect(await scrape({ url: `${site.url}/cookie`, sessionId })).toMatchObject({ errorCode: 4002 });
    expect(await scrape({ url: `${site.url}/ok` })).toMatchObject({ success: true });
  });

  it('8 shutting down: what has begun is finished, what comes is sent elsewhere', async () => {
    const before = site.asked.length;
    site.release();
    const last = scrape({ url: `${site.url}/held` });
    await until(async () => site.asked.slice(before).includes('/held'), PATIENT);
    const closing = running.close();
    expect(await atWorker({ url: `${site.url}/ok` })).toMatchObject({
      ...{ success: false, statusCode: 0, content: '', errorCode: 5006, contextId: '' },
      errorMessage: 'Worker is shutting down, please retry with another instance',
    });
    expect(await scrape({ url: `${site.url}/ok` })).toMatchObject({
      errorCode: 5006,
      errorMessage: 'Coordinator is shutting down, please retry',
    });
    site.release();
    expect(await last).toMatchObject({ success: true, content: expect.stringContaining('held no more') });
    await closing;
    closed = true;
  });
});
