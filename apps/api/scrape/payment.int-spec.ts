import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '#libs/config';
import { openResources, type Resources } from '#libs/hosting';
import { createTestDatabase, startTestNats, type TestDatabase, type TestNats } from '#libs/testing';
import { base58, TestChain, type ChainMood } from '#libs/testing/chain';
import { startApi } from '../index.js';

const PATIENCE = 60_000;
const chain = new TestChain();

let nats: TestNats;
let store: TestDatabase;
let home: string;
let target: Server;
let site: string;
let status = 200;
const resources: Resources[] = [];
const apis: Awaited<ReturnType<typeof startApi>>[] = [];
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

beforeAll(async () => {
  [nats, store] = await Promise.all([startTestNats(), createTestDatabase()]);
  home = mkdtempSync(join(tmpdir(), 'spoor-payment-'));
  target = createServer(
    (_, response) => void response.writeHead(status, { 'content-type': 'text/plain' }).end('paid'),
  );
  await Promise.all([chain.listen(), new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))]);
  site = `http://127.0.0.1:${portOf(target)}/`;
  for (let i = 0; i < 2; i += 1) {
    const config = loadConfig({
      ...{ NATS_URL: nats.url, DATABASE_URL: store.url, SPOOR_HOME: home, SPOOR_PORT: '0' },
      ...{ SPOOR_LOG_LEVEL: 'silent', SPOOR_ALLOW_PRIVATE: new URL(site).host },
      ...{ SPOOR_SOLANA_RPC_URL: chain.url, SPOOR_WATT_MINT: chain.mint },
      SPOOR_WATT_RECIPIENT: chain.recipient,
    });
    resources.push(await openResources(config, { name: `api ${i}` }));
    apis.push(await startApi(resources[i]!));
  }
}, PATIENCE);

afterAll(async () => {
  await Promise.all(apis.map((api) => api.close()));
  await Promise.all(resources.map((one) => one.close()));
  chain.close();
  target.closeAllConnections();
  target.close();
  await Promise.all([nats.stop(), store.drop()]);
  rmSync(home, { recursive: true, force: true });
}, PATIENCE);

beforeEach(() => {
  chain.mood = 'well';
  status = 200;
});

/** From an address of its own each time, as far as the limit of strangers goes. */
async function scrape(body: object, api = apis[0]!) {
  const response = await fetch(`${api.url}/api/v1/scrape`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url: site, ...body }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const wallet = base58(32);

it('given no payment, then says what to pay and where', async () => {
  const answer = await scrape({});
  expect(answer).toEqual({
    status: 402,
    body: {
      ...{ success: false, error: 'missing_payment', price_watt: 100, payment_to: chain.recipient },
      message: 'Payment required: either API key or WATT transaction signature',
      methods: ['api_key', 'watt_payment'],
    },
  });
  for (const half of [{ wallet }, { tx_signature: base58(64) }])
    expect((await scrape(half)).status).toBe(402);
  const pricing = await (await fetch(`${apis[0]!.url}/api/v1/pricing`)).json();
  expect(pricing).toMatchObject({ price_watt: 100, payment_to: chain.recipient, tx_max_age_minutes: 10 });
});

it('given a payment, then it serves once: among 50 calls at once over two processes, and ever after', async () => {
  const tx_signature = chain.pay({ wallet });
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) => scrape({ wallet, tx_signature }, apis[i % 2])),
  );
  const served = answers.filter(({ status }) => status === 200);
  expect(served).toHaveLength(1);
  expect(served[0]!.body).toMatchObject({
    success: true,
    content: 'paid',
    tx_verified: true,
    watt_charged: 100,
  });
  const others = answers.filter(({ status }) => status !== 200);
  expect(new Set(others.map(({ body }) => body['error']))).toEqual(new Set(['payment_failed']));
  const later = await scrape({ wallet, tx_signature });
  expect(later.body).toMatchObject({
    error: 'payment_failed',
    message: 'Transaction signature has already been used',
  });
});

it('given a page that fails, then the payment is not charged, and serves the same wallet later', async () => {
  const tx_signature = chain.pay({ wallet });
  status = 503;
  expect((await scrape({ wallet, tx_signature })).body).toMatchObject({
    error: 'http_error',
    status_code: 503,
  });
  status = 200;
  const thief = await scrape({ wallet: base58(32), tx_signature });
  expect(thief.body).toMatchObject({
    error: 'payment_failed',
    message: expect.stringMatching(/already been used/),
  });
  expect((await scrape({ wallet, tx_signature })).status).toBe(200);
  expect((await scrape({ wallet, tx_signature })).status).toBe(400);
});

it('given a payment that was tried in time, then it still serves its wallet when it is older than one may be', async () => {
  const tx_signature = chain.pay({ wallet });
  status = 503;
  expect((await scrape({ wallet, tx_signature })).body['error']).toBe('http_error');
  chain.grow(tx_signature, 900);
  status = 200;
  expect((await scrape({ wallet, tx_signature })).status).toBe(200);
});

it('given no node where it is wanted from, then the payment is not spent', async () => {
  const tx_signature = chain.pay({ wallet });
  const nowhere = { region: 'mars', fallback: false };
  expect((await scrape({ wallet, tx_signature, ...nowhere })).body['error']).toBe('node_routing_failed');
  expect((await scrape({ wallet, tx_signature, region: 'a b' })).body['error']).toBe('node_routing_failed');
  expect((await scrape({ wallet, tx_signature })).status).toBe(200);
});

it.each<ChainMood>(['down', 'reset', 'nonsense', 'error'])(
  'given a chain that is %s, then nothing is served and nothing is spent',
  async (mood) => {
    const tx_signature = chain.pay({ wallet });
    chain.mood = mood;
    const answer = await scrape({ wallet, tx_signature });
    expect([answer.status, answer.body['error']]).toEqual([400, 'payment_failed']);
    expect(JSON.stringify(answer.body)).not.toMatch(/127\.0\.0\.1|503|ECONN|slots/);
    chain.mood = 'well';
    expect((await scrape({ wallet, tx_signature })).status).toBe(200);
  },
);

it('given a node that tells of another transaction than it was asked for, then that pays for nothing', async () => {
  chain.pay({ wallet });
  chain.mood = 'of-another';
  const answer = await scrape({ wallet, tx_signature: base58(64) });
  expect([answer.status, answer.body['error']]).toEqual([400, 'payment_failed']);
});

it.each<[string, () => object, string, RegExp]>([
  ['is none', () => ({ tx_signature: 'x' }), 'invalid_payment', /format is invalid/],
  [
    'names no wallet',
    () => ({ wallet: 'nobody', tx_signature: chain.pay({ wallet }) }),
    'invalid_payment',
    /Wallet/,
  ],
  ['nobody knows', () => ({ tx_signature: base58(64) }), 'payment_failed', /not found/],
  [
    'another has signed',
    () => ({ tx_signature: chain.pay({ wallet, signer: base58(32) }) }),
    'invalid_payment',
    /verification/,
  ],
  [
    'failed',
    () => ({ tx_signature: chain.pay({ wallet, err: { InstructionError: [0, 'x'] } }) }),
    'payment_failed',
    /failed/,
  ],
  ['is old', () => ({ tx_signature: chain.pay({ wallet, ageSeconds: 601 }) }), 'payment_failed', /too old/],
  [
    'pays too little',
    () => ({ tx_signature: chain.pay({ wallet, amount: 99 }) }),
    'payment_failed',
    /Insufficient/,
  ],
  [
    'pays another token',
    () => ({ tx_signature: chain.pay({ wallet, mint: base58(32) }) }),
    'payment_failed',
    /right token/,
  ],
  [
    'pays somebody else',
    () => ({ tx_signature: chain.pay({ wallet, to: base58(32) }) }),
    'payment_failed',
    /right token/,
  ],
])('given a transaction that %s, then it is refused with the reason', async (_, over, error, message) => {
  const answer = await scrape({ wallet, ...over() });
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ success: false, error, message: expect.stringMatching(message) });
});
