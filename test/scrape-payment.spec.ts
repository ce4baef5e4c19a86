import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { subjects } from '#libs/events';
import {
  createTestDatabase,
  freePort,
  startTestNats,
  until,
  type TestDatabase,
  type TestNats,
} from '#libs/testing';
import { base58, TestChain } from '#libs/testing/chain';
import { Relay } from './support/relay.js';
import { Home, type Spoor } from './support/spoor.js';

const PATIENCE = 120_000;
/** After so long a claim whose process has died is nobody's. */
const CLAIM_MS = 90_000;
const AHEAD = pathToFileURL(resolve('test/fixtures/clock-ahead.mjs')).href;

describe('a paid scrape whose api is killed', () => {
  const chain = new TestChain();
  const wallet = base58(32);
  let nats: TestNats;
  let relay: Relay;
  let store: TestDatabase;
  let home: Home;
  let log: JetStreamHandle;
  let target: Server;
  let fetched = 0;
  let holds = false;
  let port: number;

  beforeAll(async () => {
    [nats, store, port] = await Promise.all([startTestNats(), createTestDatabase(), freePort()]);
    relay = await new Relay(nats.port, true).listen();
    log = await connectLog({ url: nats.url, shards: 1, name: 'payment-spec' });
    target = createServer((_, response) => {
      fetched += 1;
      if (!holds) response.setHeader('content-type', 'text/plain').end('paid');
    });
    await Promise.all([
      chain.listen(),
      new Promise<void>((listening) => target.listen(0, '127.0.0.1', listening)),
    ]);
    home = new Home({
      ...{ NATS_URL: `nats://127.0.0.1:${relay.port}`, DATABASE_URL: store.url, SPOOR_PORT: String(port) },
      ...{ SPOOR_ALLOW_PRIVATE: host(), SPOOR_SOLANA_RPC_URL: chain.url, SPOOR_WATT_MINT: chain.mint },
      SPOOR_WATT_RECIPIENT: chain.recipient,
    });
  }, PATIENCE);
  afterAll(async () => {
    await home.end();
    await relay.close();
    await log.close();
    chain.close();
    target.closeAllConnections();
    target.close();
    await Promise.all([nats.stop(), store.drop()]);
  });

  const host = (): string => `127.0.0.1:${(target.address() as AddressInfo).port}`;
  const at = (path: string): string => `http://127.0.0.1:${port}${path}`;

  async function api(aheadMs = 0): Promise<Spoor> {
    const started = home.spoor(['run', 'api'], {
      ...{ NODE_OPTIONS: `--import=${AHEAD}`, SPOOR_TEST_AHEAD_MS: String(aheadMs) },
    });
    const live = () =>
      fetch(at('/health/live')).then(
        ({ ok }) => ok,
        () => false,
      );
    await until(live, { timeoutMs: 60_000, what: 'the api to answer' });
    return started;
  }

  async function scrape(tx_signature: string): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(at('/api/v1/scrape'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url: `http://${host()}/`, wallet, tx_signature }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  async function historyOf(signature: string): Promise<string[]> {
    const types: string[] = [];
    const only = { subject: subjects.paymentSubject(signature) };
    for await (const { events } of (await log.accounts()).read({ only }))
      types.push(...events.map(({ type }) => type));
    return types;
  }

  /** Kills the api once the log of a payment is as long as that, or its next entry is on its way there and gets no further. */
  async function killedAt(
    moment: 'fetch' | 'before spent' | 'after spent',
    signature: string,
  ): Promise<string[]> {
    const process = await api();
    holds = moment === 'fetch';
    const before = fetched;
    let entries = 0;
    relay.watch((direction, { op, subject, body }) => {
      if (direction === 'up' && op.endsWith('PUB') && subject === subjects.paymentSubject(signature)) {
        entries += 1;
        if (entries !== 2 || moment === 'fetch') return 'pass';
        if (moment === 'before spent') {
          process.kill('SIGKILL');
          return 'drop';
        }
      }
      // The acknowledgement of the second entry.
      if (direction === 'down' && entries === 2 && body.includes('"stream":"SPOOR_ACCOUNTS"')) {
        process.kill('SIGKILL');
        return 'drop';
      }
      return 'pass';
    });
    const lost = scrape(signature).then(
      ({ status }) => `answered ${status}`,
      () => 'lost',
    );
    await until(() => fetched > before, { what: 'the fetch' });
    if (moment === 'fetch') process.kill('SIGKILL');
    expect(await lost).toBe('lost');
    await process.finished;
    relay.mend();
    holds = false;
    return historyOf(signature);
  }

  it.each([['fetch' as const], ['before spent' as const]])(
    'at %s: it is not charged, and pays for one scrape of the same wallet as soon as the claim has ended',
    async (moment) => {
      const signature = chain.pay({ wallet });
      expect(await killedAt(moment, signature)).toEqual(['PaymentAccepted']);

      const early = await api();
      expect((await scrape(signature)).body).toMatchObject({
        ...{ error: 'payment_failed', message: 'Transaction signature is being used by another request' },
      });
      early.kill('SIGKILL');
      await early.finished;

      const later = await api(CLAIM_MS + 5_000);
      expect((await scrape(signature)).body).toMatchObject({
        success: true,
        content: 'paid',
        watt_charged: 100,
      });
      expect((await scrape(signature)).body).toMatchObject({
        ...{ error: 'payment_failed', message: 'Transaction signature has already been used' },
      });
      expect(await historyOf(signature)).toEqual(['PaymentAccepted', 'PaymentAccepted', 'PaymentSpent']);
      later.kill('SIGKILL');
      await later.finished;
    },
    PATIENCE,
  );

  it(
    'after spent: nobody can know whether the answer arrived, so it never serves twice',
    async () => {
      const signature = chain.pay({ wallet });
      expect(await killedAt('after spent', signature)).toEqual(['PaymentAccepted', 'PaymentSpent']);
      const later = await api(CLAIM_MS + 5_000);
      const before = fetched;
      expect((await scrape(signature)).body).toMatchObject({ error: 'payment_failed' });
      expect(fetched).toBe(before);
      later.kill('SIGKILL');
      await later.finished;
    },
    PATIENCE,
  );
});
