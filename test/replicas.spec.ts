import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { pageEventId, subjects, type NewPageEvent } from '#libs/events';
import { startTestNatsCluster, until, type TestNatsCluster } from '#libs/testing';
import { History } from '#libs/testing/history';
import { Home, readLines } from './support/spoor.js';
import { Site } from './support/site.js';

const PAGES = 400;
const JOB = '0-replicated';
const PATIENCE = 240_000;

describe('three NATS servers, three copies, one of them killed', () => {
  let cluster: TestNatsCluster;
  let log: JetStreamHandle;

  beforeAll(async () => {
    cluster = await startTestNatsCluster();
    const options = { url: cluster.url, shards: 1, name: 'replicas-spec', replicas: 3, timeoutMs: 90_000 };
    // The servers elect a leader among themselves first.
    log = await until(() => connectLog(options).catch(() => null), { timeoutMs: 60_000, what: 'a cluster' });
  }, PATIENCE);
  afterAll(async () => {
    await log.close();
    await cluster.stop();
  });

  const leader = async (): Promise<string> => {
    const { cluster: found } = (await log.nc.request(`$JS.API.STREAM.INFO.${subjects.eventStream(0)}`)).json<{
      cluster: { leader: string };
    }>();
    return found.leader;
  };
  const count = async (jobId: string): Promise<string[]> => {
    const ids: string[] = [];
    for await (const { entries } of log.eventLog.readJob(jobId))
      ids.push(...entries.map(({ id }) => id ?? ''));
    return ids;
  };

  it('has three copies of every stream', async () => {
    const copies = await log.inspection.copies(0);
    expect(copies.map(({ replicas }) => replicas)).toEqual([3, 3, 3]);
  });

  it(
    'loses no event that was acknowledged, and stores none twice, when the leader is killed under load',
    async () => {
      const acknowledged: string[] = [];
      let next = 0;
      let ended = false;
      const publishing = Promise.all(
        Array.from({ length: 32 }, async () => {
          while (!ended) {
            const url = `https://a.test/${next++}`;
            const { last } = new History(JOB).fetched(url, []);
            const id = pageEventId(JOB, 1, url, 1);
            await log.eventLog.publishPage({ ...last, id } as NewPageEvent);
            acknowledged.push(id);
          }
        }),
      );
      await until(() => acknowledged.length > 500, { timeoutMs: 60_000, what: 'some events' });
      const killed = await leader();
      await cluster.kill9(killed);
      const before = acknowledged.length;
      await until(() => acknowledged.length > before + 500, { timeoutMs: 90_000, what: 'another leader' });
      ended = true;
      await publishing;
      const stored = await count(JOB);
      expect(new Set(stored).size).toBe(stored.length);
      expect(acknowledged.filter((id) => !stored.includes(id))).toEqual([]);
      await cluster.start(killed);
    },
    PATIENCE,
  );

  it(
    'finishes a crawl whose leader is killed',
    async () => {
      const home = new Home({ NATS_URL: cluster.url, SPOOR_REPLICAS: '3', SPOOR_ALLOW_PRIVATE: '127.0.0.1' });
      const site = await new Site({ pages: PAGES, delayMs: 20 }).listen();
      try {
        const out = home.path('pages.jsonl');
        const pace = ['--per-host', '4', '--delay', '0', '--out', out];
        const crawl = home.spoor(['crawl', site.start, '--allow-private', ...pace]);
        await until(() => site.served > PAGES / 4, { timeoutMs: 90_000, what: 'a part of the crawl' });
        await cluster.kill9(await leader());
        const { code, stderr } = await crawl.finished;
        expect([code, stderr]).toEqual([0, expect.anything()]);
        const paths = readLines(out).map(({ url }) => new URL(url).pathname);
        expect(new Set(paths).size).toBe(PAGES);
        expect(paths).toHaveLength(PAGES);
      } finally {
        await home.end();
        await site.close();
      }
    },
    PATIENCE,
  );
});
