import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeyHasher, installationSecret, newId, systemClock } from '#libs/adapters/system';
import { loadConfig } from '#libs/config';
import { Keys } from '#libs/engine/accounts';
import { nodeHandler } from '#libs/engine/scrape';
import { subjects } from '#libs/events';
import { openResources, type Resources } from '#libs/hosting';
import { openNode, type NodeResources } from '#libs/hosting/scraper';
import { createTestDatabase, startTestNats, until, type TestDatabase, type TestNats } from '#libs/testing';
import { startApi } from '../index.js';

const PATIENCE = 60_000;
const MB = 1024 * 1024;

let nats: TestNats;
let store: TestDatabase;
let home: string;
let target: Server;
let site: string;
let key: string;
let keyId: string;
const open: { close(): Promise<void> }[] = [];
/** One with the fallback, one without. */
const apis: { url: string }[] = [];
const resources: Resources[] = [];
const env = (more: NodeJS.ProcessEnv) => ({
  ...{ NATS_URL: nats.url, DATABASE_URL: store.url, SPOOR_HOME: home, SPOOR_PORT: '0' },
  ...{ SPOOR_LOG_LEVEL: 'silent', SPOOR_ALLOW_PRIVATE: new URL(site).host, ...more },
});

/** What nodes are asked for, beside a fetch that tells by its User-Agent nothing of who made it. */
async function node(id: string, region: string): Promise<NodeResources> {
  const made = await openNode(loadConfig(env({ SPOOR_NODE_ID: id, SPOOR_REGION: region })));
  const fetch = made.scraper.fetch.bind(made.scraper);
  const serving = made.desk.serve({ id, region, slots: 8 }, nodeHandler(id, { fetch, logger: made.logger }));
  open.push({ close: async () => (await serving.close(1000), made.close()) });
  return made;
}

beforeAll(async () => {
  [nats, store] = await Promise.all([startTestNats(['max_payload: 65536']), createTestDatabase()]);
  home = mkdtempSync(join(tmpdir(), 'spoor-nodes-'));
  target = createServer((request, response) => {
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    if (request.url === '/long') response.end('\u0001é'.repeat((2 * MB) / 3));
    else if (request.url === '/too-long') response.end(Buffer.alloc(2 * MB + 1, 'x'));
    else if (request.url === '/gone') response.writeHead(404).end('gone');
    else if (request.url === '/private') response.writeHead(302, { location: 'http://10.0.0.1/' }).end();
    else response.end('{"hello":"you"}');
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  site = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
  for (const fallback of ['central', 'none']) {
    const own = await openResources(loadConfig(env({ SPOOR_SCRAPE_FALLBACK: fallback })), { name: fallback });
    const api = await startApi(own);
    resources.push(own);
    apis.push(api);
    open.push({ close: async () => (await api.close(), own.close()) });
  }
  await node('fra-1', 'eu');
  const hasher = createKeyHasher(installationSecret({ given: null, home, mayGenerate: false }));
  const log = await resources[0]!.log.accounts();
  ({ key, keyId } = await new Keys({ log, hasher, clock: systemClock, newId }).create({
    ...{ tier: 'premium', scopes: ['scrape'] },
  }));
  for (const { url } of apis)
    await until(async () => (await fetch(`${url}/api/v1/usage`, { headers: { 'x-api-key': key } })).ok);
}, PATIENCE);

afterAll(async () => {
  for (const one of open.reverse()) await one.close();
  target.closeAllConnections();
  target.close();
  await Promise.all([nats.stop(), store.drop()]);
  rmSync(home, { recursive: true, force: true });
}, PATIENCE);

async function scrape(path: string, body: object, api = apis[0]!) {
  const response = await fetch(`${api.url}/api/v1/scrape`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key },
    body: JSON.stringify({ url: site + path, ...body }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

it.each([{ region: 'eu' }, { node: 'fra-1' }])(
  'given %j, then a node fetches it and is named',
  async (route) => {
    const { status, body } = await scrape('/', { ...route, format: 'json' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ content: { hello: 'you' }, routed_to_node: true, node_id: 'fra-1' });
    const served: (string | null)[] = [];
    const log = await resources[0]!.log.accounts();
    for await (const { events } of log.read({ only: { subject: subjects.usageSubject(keyId) } }))
      for (const event of events) if (event.type === 'ScrapeServed') served.push(event.data.nodeId);
    expect(served.at(-1)).toBe('fra-1');
  },
);

it('a page of 2 MiB comes whole over messages of 64 KiB, also when JSON has to escape half of it', async () => {
  const { body } = await scrape('/long', { region: 'eu' });
  expect(body['routed_to_node']).toBe(true);
  expect(body['content'] === '\u0001é'.repeat((2 * MB) / 3)).toBe(true);
});

it('nothing is said of nodes to who did not ask', async () => {
  const { body } = await scrape('/', {});
  expect(body).toMatchObject({ success: true });
  expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['routed_to_node']));
});

it.each([
  ['/gone', { error: 'http_error', status_code: 404 }],
  ['/too-long', { error: 'response_too_large', max_bytes: 2 * MB, received_bytes: 2 * MB + 1 }],
  ['/private', { error: 'redirect_error' }],
])('what a node says of %s is the answer, as it would be here', async (path, expected) => {
  const there = await scrape(path, { region: 'eu' });
  expect(there.body).toMatchObject(expected);
  expect(there).toEqual(await scrape(path, {}));
});

it('given nobody there, then it is fetched here and that is said; or not at all, if the caller or the operator wants it so', async () => {
  const here = await scrape('/', { region: 'mars' });
  expect(here.body).toMatchObject({ success: true, routed_to_node: false });
  expect(here.body['node_id']).toBeUndefined();
  for (const [body, api] of [
    [{ node: 'mars-1', fallback: false }, apis[0]],
    [{ region: 'mars' }, apis[1]],
  ] as const) {
    const refused = await scrape('/', body, api);
    expect([refused.status, refused.body]).toEqual([
      502,
      {
        ...{ success: false, error: 'node_routing_failed' },
        message: 'Node routing failed, falling back to centralized scraper',
      },
    ]);
  }
});

it.each([
  [{ region: 'a.b' }, /^region must be a name/],
  [{ node: '*' }, /^node must be a name/],
  [{ node: 7 }, /^node must be a name/],
  [{ region: 'eu', node: 'fra-1' }, /either region or node/],
  [{ region: 'eu', fallback: 'no' }, /^fallback must be/],
])('given %j, then it is refused with the field that is wrong', async (route, message) => {
  const { status, body } = await scrape('/', route);
  expect([status, body['error']]).toEqual([502, 'node_routing_failed']);
  expect(body['message']).toMatch(message);
});

it('given a node that lies about what it is, then no word of it is repeated', async () => {
  const { nc } = resources[0]!.log;
  const lies = [
    { outcome: 'content', content: { a: 1 } },
    { outcome: 'error', code: 'missing_payment' },
  ];
  const desk = await openNode(loadConfig(env({ SPOOR_NODE_ID: 'liar', SPOOR_REGION: 'odd' })));
  let said: object = {};
  const serving = desk.desk.serve({ id: 'liar', region: 'odd', slots: 1 }, async () => said);
  await nc.flush();
  try {
    for (const lie of lies) {
      said = { nodeId: 'liar', message: '/etc/passwd', statusCode: 200, bytes: 1, ...lie };
      const { body } = await scrape('/', { node: 'liar', fallback: false });
      expect(body['error']).toBe('node_routing_failed');
    }
    said = { nodeId: 'liar', outcome: 'error', code: 'dns_error', message: 'at 10.0.0.1', refused: true };
    const { body } = await scrape('/', { node: 'liar', fallback: false });
    expect(body['error']).toBe('dns_error');
    expect(JSON.stringify(body)).not.toMatch(/10\.0\.0\.1/);
  } finally {
    await serving.close(0);
    await desk.close();
  }
});
