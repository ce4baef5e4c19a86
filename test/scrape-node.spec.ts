import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createTestDatabase,
  freePort,
  startTestNats,
  until,
  type TestDatabase,
  type TestNats,
} from '#libs/testing';
import { Home, type Spoor } from './support/spoor.js';

const PATIENCE = 120_000;

/** A page that is answered when the test says so; counts who waits. */
class SlowSite {
  readonly waiting: ServerResponse[] = [];
  asked = 0;
  private readonly server: Server = createServer((_, response) => {
    this.asked += 1;
    this.waiting.push(response);
  });

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  answer(): void {
    for (const response of this.waiting.splice(0))
      if (!response.destroyed) response.setHeader('content-type', 'text/plain').end('slow but there');
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

describe('scrape nodes as processes of their own', () => {
  const site = new SlowSite();
  let nats: TestNats;
  let store: TestDatabase;
  let home: Home;
  let url: string;
  let key: string;

  beforeAll(async () => {
    const port = await freePort();
    [nats, store] = await Promise.all([startTestNats(), createTestDatabase(), site.listen()]);
    home = new Home({
      ...{ NATS_URL: nats.url, DATABASE_URL: store.url, SPOOR_PORT: String(port) },
      SPOOR_ALLOW_PRIVATE: site.host,
    });
    url = `http://127.0.0.1:${port}`;
    home.spoor(['run', 'api']);
    const made = await home.run(['key', 'create', '--output', 'json']);
    ({ key } = JSON.parse(made.stdout) as { key: string });
    const headers = { 'x-api-key': key };
    await until(
      () =>
        fetch(`${url}/api/v1/usage`, { headers }).then(
          ({ ok }) => ok,
          () => false,
        ),
      { timeoutMs: 60_000, what: 'the api to know the key' },
    );
  }, PATIENCE);
  afterAll(async () => {
    await home.end();
    site.close();
    await Promise.all([nats.stop(), store.drop()]);
  });

  async function node(id: string): Promise<Spoor> {
    // Elsewhere there is no database.
    const started = home.spoor(['run', 'scrape-node'], {
      ...{ SPOOR_NODE_ID: id, SPOOR_REGION: 'eu', DATABASE_URL: '', SPOOR_HOME: home.path(id) },
    });
    await until(() => started.stdout.includes('"ready"') || started.stderr.includes('"ready"'), {
      ...{ timeoutMs: 60_000, what: `${id} to be ready` },
    });
    return started;
  }

  async function scrape(body: object) {
    const response = await fetch(`${url}/api/v1/scrape`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': key },
      body: JSON.stringify({ url: `http://${site.host}/`, ...body }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  it(
    'given a node that is killed with a page in its hands, then it is fetched here, or an error says so; then by the next node',
    async () => {
      const first = await node('fra-1');
      const asked = scrape({ region: 'eu' });
      const strict = scrape({ node: 'fra-1', fallback: false });
      await until(() => site.waiting.length === 2);
      first.kill('SIGKILL');
      await first.finished;
      expect((await strict).body).toMatchObject({ error: 'node_routing_failed' });
      await until(() => site.asked === 3, { what: 'the central fetch' });
      site.answer();
      const here = await asked;
      expect([here.status, here.body]).toEqual([
        200,
        expect.objectContaining({ content: 'slow but there', routed_to_node: false }),
      ]);

      const second = await node('fra-2');
      const listed = await home.run(['node', 'ls', '--output', 'json']);
      expect(JSON.parse(listed.stdout)).toEqual([{ id: 'fra-2', region: 'eu', slots: 32, busy: 0 }]);
      const again = scrape({ region: 'eu' });
      await until(() => site.waiting.length === 1);
      // A node that is told to stop finishes what it has.
      second.kill('SIGTERM');
      site.answer();
      expect((await again).body).toMatchObject({ routed_to_node: true, node_id: 'fra-2' });
      expect((await second.finished).code).toBe(0);
    },
    PATIENCE,
  );

  it('given no name or region, then it does not start, and says which variable is missing', async () => {
    const { code, stderr } = await home.run(['run', 'scrape-node'], { SPOOR_REGION: 'eu' });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/SPOOR_NODE_ID is not set/);
  });
});
