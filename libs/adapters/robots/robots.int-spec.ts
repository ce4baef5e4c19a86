import { existsSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEgress, type Egress } from '#libs/adapters/egress';
import type { RobotsQuestion } from '#libs/engine/ports';
import { resolvedJobSpec } from '#libs/events';
import { createRobots } from './index.js';

const HOUR = 3_600_000;

describe('robots.txt', () => {
  let egress: Egress;
  let now = 0;
  const clock = { now: () => now };
  const servers: Server[] = [];
  beforeEach(() => {
    egress = createEgress({ allowPrivate: ['127.0.0.1'] });
    now = Date.now();
  });
  afterEach(async () => {
    egress.close();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  /** Origin of a site that answers /robots.txt and all its redirects by `listener`, and the paths it was asked for. */
  const site = async (
    listener: RequestListener,
  ): Promise<{ origin: string; asked: string[]; server: Server }> => {
    const asked: string[] = [];
    const server = createServer((req, res) => {
      asked.push(req.url ?? '');
      listener(req, res);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, server };
  };
  const question = (url: string, over: Partial<RobotsQuestion> = {}): RobotsQuestion => ({
    ...{ url, userAgent: 'TestBot/1.0 (+https://x.test)', policy: 'obey', maxCrawlDelayMs: 30_000 },
    signal: new AbortController().signal,
    ...over,
  });
  const text =
    (body: string): RequestListener =>
    (_, res) =>
      void res.end(body);

  it('says nothing when the proxy fails, and keeps what is known without one apart', async () => {
    const { origin, asked } = await site((_, res) => res.end('User-agent: *\nDisallow: /a'));
    const robots = createRobots(egress, clock);
    // No proxy is configured here, so its way is shut.
    const proxied = {
      proxy: { spec: resolvedJobSpec.parse({ proxy: { provider: 'oxylabs' } }).proxy!, session: 'j.1' },
    };
    await expect(robots.check(question(`${origin}/a`, proxied))).rejects.toMatchObject({
      problem: { code: 'proxy_not_configured' },
    });
    expect(asked).toEqual([]);
    expect(await robots.check(question(`${origin}/a`))).toMatchObject({ allowed: false, confidence: 'low' });
    await expect(robots.check(question(`${origin}/a`, proxied))).rejects.toMatchObject({
      code: 'proxy_failed',
    });
    expect(asked).toEqual(['/robots.txt']);
  });

  it('gives the verdict with the rule that decided, as the site wrote it', async () => {
    const { origin } = await site(
      text('User-Agent: TestBot\nDisallow: /admin # keep out\nAllow: /admin/pub\nCrawl-delay: 2.5'),
    );
    const robots = createRobots(egress, clock);
    const delays = { crawlDelayMs: 2500, crawlDelayHonouredMs: 1000 };
    const ask = (path: string) => robots.check(question(origin + path, { maxCrawlDelayMs: 1000 }));
    expect(await ask('/admin?x=1')).toEqual({
      policy: 'obey',
      allowed: false,
      confidence: 'low',
      reason: 'Path disallowed by robots.txt: /admin?x=1',
      rule: 'Disallow: /admin',
      ...delays,
    });
    expect(await ask('/admin/public')).toMatchObject({
      allowed: true,
      confidence: 'high',
      rule: 'Allow: /admin/pub',
    });
    expect(await ask('/')).toEqual({
      ...{ policy: 'obey', allowed: true, confidence: 'high', reason: 'Allowed by robots.txt', rule: null },
      ...delays,
    });
    expect(await ask('/robots.txt')).toMatchObject({ allowed: true });
  });

  it('is not asked for when the job ignores it', async () => {
    const { origin, asked } = await site(text('User-agent: *\nDisallow: /'));
    expect(await createRobots(egress).check(question(`${origin}/x`, { policy: 'ignore' }))).toMatchObject({
      allowed: true,
    });
    expect(asked).toEqual([]);
  });

  it('is fetched once for many who ask at once, and again after an hour', async () => {
    const { origin, asked } = await site(text('User-agent: *\nDisallow: /x'));
    const robots = createRobots(egress, clock);
    const verdicts = await Promise.all(
      Array.from({ length: 50 }, (_, i) => robots.check(question(`${origin}/${i}`))),
    );
    expect(verdicts.every(({ allowed }) => allowed)).toBe(true);
    now += HOUR - 1;
    await robots.check(question(`${origin}/x`));
    expect(asked).toHaveLength(1);
    now += 2;
    expect(await robots.check(question(`${origin}/x`))).toMatchObject({ allowed: false });
    expect(asked).toHaveLength(2);
  });

  it('governs its own port only', async () => {
    const closed = await site(text('User-agent: *\nDisallow: /'));
    const open = await site((_, res) => void res.writeHead(404).end());
    const robots = createRobots(egress, clock);
    expect(await robots.check(question(`${closed.origin}/x`))).toMatchObject({ allowed: false });
    expect(await robots.check(question(`${open.origin}/x`))).toMatchObject({
      ...{ allowed: true, confidence: 'medium', reason: 'No robots.txt (HTTP 404)', rule: null },
    });
  });

  it('asks a site that failed again soon, and takes an older copy meanwhile', async () => {
    let status = 200;
    const { origin, asked } = await site(
      (_, res) => void res.writeHead(status).end('User-agent: *\nDisallow: /x'),
    );
    const robots = createRobots(egress, clock);
    const allowed = async (path: string) => (await robots.check(question(origin + path))).allowed;
    expect([await allowed('/'), await allowed('/x')]).toEqual([true, false]);
    status = 503;
    now += HOUR + 1;
    expect([await allowed('/'), await allowed('/x')]).toEqual([true, false]);
    expect(asked).toHaveLength(2);
    now += 24 * HOUR;
    expect(await allowed('/')).toBe(false);
    status = 200;
    now += 5 * 60_000 + 1;
    expect(await allowed('/')).toBe(true);
  });

  it('asks for a file that cannot be read again after half a second, then ever less often', async () => {
    let status = 503;
    const { origin, asked } = await site((_, res) => void res.writeHead(status).end());
    const robots = createRobots(egress, clock);
    const ask = () => robots.check(question(`${origin}/x`));
    expect(await ask()).toMatchObject({
      ...{ allowed: false, unreachable: true, reason: 'robots.txt answered HTTP 503' },
    });
    for (const [wait, requests] of [
      [499, 1],
      [1, 2],
      [999, 2],
      [1, 3],
      [1999, 3],
      [1, 4],
    ] as const) {
      now += wait;
      await ask();
      expect([wait, asked.length]).toEqual([wait, requests]);
    }
    status = 404;
    now += 4000;
    expect(await ask()).toEqual(expect.not.objectContaining({ unreachable: true }));
    expect(await ask()).toMatchObject({ allowed: true });
  });

  it('lets one who gives up go, and serves the others', async () => {
    let answer = (): void => undefined;
    const { origin, asked } = await site(
      (_, res) => void (answer = () => res.end('User-agent: *\nDisallow: /x')),
    );
    const robots = createRobots(egress, clock);
    const controller = new AbortController();
    const gone = robots.check(question(`${origin}/x`, { signal: controller.signal }));
    const patient = robots.check(question(`${origin}/x`));
    controller.abort();
    await expect(gone).rejects.toMatchObject({ name: 'AbortError' });
    while (asked.length === 0) await new Promise(setImmediate);
    answer();
    expect(await patient).toMatchObject({ allowed: false });
    expect(asked).toHaveLength(1);
  });

  it('keeps a bounded number of sites', async () => {
    const requests: string[] = [];
    const robots = createRobots(
      {
        fetch: async ({ url }) => {
          requests.push(url);
          const timing = { startedAt: 0, durationMs: 0 };
          return {
            ok: false,
            code: 'dns_error',
            message: 'no',
            statusCode: 0,
            finalUrl: url,
            redirects: [],
            timing,
          };
        },
      },
      clock,
    );
    for (let i = 0; i <= 1000; i++) await robots.check(question(`http://h${i}.test/`));
    await robots.check(question('http://h1000.test/'));
    expect(requests).toHaveLength(1001);
    await robots.check(question('http://h0.test/'));
    expect(requests).toHaveLength(1002);
  });

  it('costs little however hostile it is', async () => {
    const line = `Disallow: /${'*a'.repeat(500)}b\n`;
    const { origin } = await site(text(`User-agent: *\n${line.repeat(Math.floor(500_000 / line.length))}`));
    const robots = createRobots(egress, clock);
    // The usual matcher takes 10 s of CPU for this file, which would end this test.
    expect(await robots.check(question(`${origin}/${'a'.repeat(8000)}`))).toMatchObject({ allowed: true });
  });
});

interface Answer {
  status?: number;
  location?: string;
  body?: string;
  body_spec?: string;
  refuse?: boolean;
  close?: string;
  after_hours?: number;
  host?: string;
  port?: string;
}
interface AccessCase {
  id: string;
  kind: string;
  test: string;
  fetch: Answer[];
  agent: string;
  url: string;
  allowed: boolean | null;
}
const FILE = '../shared/conformance/robots.json';
const cases = (
  existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as { cases: AccessCase[] }).cases : []
).filter(({ kind }) => kind === 'access');
if (cases.length === 0) console.info(`skipped: no conformance cases at ${FILE}`);

(cases.length > 0 ? it : it.skip)(
  'access conformance',
  async () => {
    const wrong: string[] = [];
    for (const testCase of cases) {
      let served = 0;
      const listener: RequestListener = (_, res) => {
        const { status = 200, location, body, body_spec, close } = testCase.fetch[served++] ?? {};
        if (close === 'hold') return;
        if (location !== undefined) res.setHeader('location', location.replace('{B}', elsewhere));
        res.writeHead(status);
        if (body_spec === undefined) return void res.end(body ?? '');
        res.write('User-agent: *\nDisallow: /private/\n');
        for (let i = 0; i < 1000; i++) res.write('# comment\n'.repeat(1000));
        res.end();
      };
      const [server, other] = [createServer(listener), createServer(listener)];
      for (const it of [server, other])
        await new Promise<void>((resolve) => it.listen(0, '127.0.0.1', resolve));
      const originOf = (it: Server) => `http://127.0.0.1:${(it.address() as AddressInfo).port}`;
      const origin = originOf(server);
      const elsewhere = originOf(other);
      if (testCase.fetch[0]?.refuse) server.close();
      const egress = createEgress({ allowPrivate: ['127.0.0.1'] });
      let now = Date.now();
      const quick = {
        fetch: (request: Parameters<Egress['fetch']>[0]) => egress.fetch({ ...request, timeoutMs: 2000 }),
      };
      const robots = createRobots(quick, { now: () => now });
      const url = testCase.url.replace('{A}', origin);
      const ask = () =>
        robots.check({
          ...{ url, userAgent: testCase.agent, policy: 'obey', maxCrawlDelayMs: 0 },
          signal: new AbortController().signal,
        });
      let verdict = await ask();
      const later = testCase.fetch.find(({ after_hours }) => after_hours !== undefined);
      if (later) {
        now += later.after_hours! * HOUR;
        verdict = await ask();
      }
      if (testCase.allowed !== null && verdict.allowed !== testCase.allowed)
        wrong.push(`${testCase.id} ${testCase.test}: ${verdict.reason}`);
      egress.close();
      for (const it of [server, other]) {
        it.closeAllConnections();
        it.close();
      }
    }
    expect(wrong).toEqual([]);
  },
  30_000,
);
