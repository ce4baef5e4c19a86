import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import {
  createTestDatabase,
  freePort,
  startTestNats,
  until,
  type TestDatabase,
  type TestNats,
} from '#libs/testing';
import { LoggedJob } from '#libs/testing/logged-job';
import { Home, type Spoor } from './support/spoor.js';

const PAGES = 120;
/** While this one is under way, the process that makes it is killed. */
const KILLED = 30;
/** Refused until the process that has written that down is killed. */
const REFUSED = 70;

interface Got {
  id: string;
  seq: number;
}

describe('webhooks whose process is killed, again and again', () => {
  let nats: TestNats;
  let database: TestDatabase;
  let log: JetStreamHandle;
  let home: Home;
  let receiver: Server;
  let base: string;
  let api: Spoor;
  const got: Got[] = [];
  let refuses = true;

  beforeAll(async () => {
    [nats, database] = await Promise.all([startTestNats(), createTestDatabase()]);
    log = await connectLog({ url: nats.url, shards: 1, name: 'webhooks process spec' });
    receiver = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { seq } = JSON.parse(Buffer.concat(chunks).toString()) as { seq: number };
        got.push({ id: String(request.headers['webhook-id']), seq });
        // Killed before the answer: the receiver has taken it, and nobody has learnt so.
        if (got.length === KILLED) api.kill('SIGKILL');
        response.writeHead(seq === REFUSED && refuses ? 500 : 204).end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    home = new Home({
      ...{ NATS_URL: nats.url, DATABASE_URL: database.url, SPOOR_PORT: String(port) },
      ...{ SPOOR_ALLOW_PRIVATE: '127.0.0.1', SPOOR_LEASE_MS: '1000' },
    });
    await start();
  }, 60_000);
  afterAll(async () => {
    await home.end();
    receiver.closeAllConnections();
    receiver.close();
    await log.close();
    await Promise.all([nats.stop(), database.drop()]);
  });

  async function start(): Promise<void> {
    api = home.spoor(['run', 'api']);
    await until(
      () =>
        fetch(`${base}/health/live`).then(
          (r) => r.ok,
          () => false,
        ),
      {
        ...{ timeoutMs: 30_000, what: 'the api to answer' },
      },
    );
  }
  async function ask<T>(path: string, body?: object): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    const init = body && { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await fetch(base + path, init);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  it('leaves out no event, keeps their order, repeats only what was under way, and counts its tries on', async () => {
    const { port } = receiver.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/hook`;
    const { id } = await ask<{ id: string }>('/api/webhooks', { url, from: 'start' });
    await new LoggedJob(log, '0-killed0000').pages(0, PAGES);
    await api.finished;
    await start();
    const tries = async (): Promise<[number, boolean][]> => {
      const path = `/api/webhooks/${id}/deliveries?limit=500`;
      const { items } = await ask<{ items: { seq: number; attempt: number; ok: boolean }[] }>(path);
      return items.filter(({ seq }) => seq === REFUSED).map(({ attempt, ok }) => [attempt, ok]);
    };
    await until(async () => (await tries()).length > 0, { timeoutMs: 60_000, what: 'the refusal' });
    api.kill('SIGKILL');
    await api.finished;
    refuses = false;
    await start();
    await until(() => got.at(-1)?.seq === PAGES, { timeoutMs: 60_000, what: 'the last event' });

    const firsts = got.filter(({ seq }, i) => got.findIndex((one) => one.seq === seq) === i);
    expect(firsts.map(({ seq }) => seq)).toEqual(Array.from({ length: PAGES }, (_, i) => i + 1));
    // In order but for repeats of the very last one.
    expect(got.every(({ seq }, i) => i === 0 || [0, 1].includes(seq - got[i - 1]!.seq))).toBe(true);
    expect(new Set(got.map(({ id: one, seq }) => `${seq} ${one}`)).size).toBe(PAGES);
    // What was refused, and what the first kill left open, should it have come before the answer.
    expect([1, 2]).toContain(got.length - PAGES);
    expect(await tries()).toEqual([
      [2, true],
      [1, false],
    ]);
  }, 120_000);
});
