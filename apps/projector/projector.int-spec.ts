import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { openDatabase, type OpenDatabase } from '#libs/adapters/postgres';
import { systemClock } from '#libs/adapters/system';
import { jobEventId, pageEventId, type NewJobEvent, type NewPageEvent } from '#libs/events';
import { createTestDatabase, startTestNats, until, type TestDatabase, type TestNats } from '#libs/testing';
import { History } from '#libs/testing/history';
import { rebuildProjection, startProjector, type RunningProjector } from './index.js';

const PATIENCE = 60_000;
const JOB = '0-testjob00';
const logger = { debug() {}, info() {}, warn() {}, error() {} };

describe('the projector on a real log and a real database', () => {
  let nats: TestNats;
  let store: TestDatabase;
  let log: JetStreamHandle;
  let db: OpenDatabase;
  const running: RunningProjector[] = [];

  beforeEach(async () => {
    [nats, store] = await Promise.all([startTestNats(), createTestDatabase()]);
    log = await connectLog({ url: nats.url, shards: 1, name: 'projector spec' });
    db = await openDatabase(store.url);
    await db.migrate();
    const { events } = new History(JOB).started({ start: ['https://site.test/'] });
    await log.eventLog.appendJob({ ...events[0], id: jobEventId(JOB, 'start') } as NewJobEvent, 0);
  }, PATIENCE);

  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.close()));
    await db.close();
    await log.close();
    await Promise.all([nats.stop(), store.drop()]);
  }, PATIENCE);

  const resources = () => ({
    log,
    clock: systemClock,
    logger,
    config: { shards: 1 },
    database: async () => db,
  });
  const start = async (): Promise<RunningProjector> => {
    const one = await startProjector(resources());
    running.push(one);
    return one;
  };
  const publish = (from: number, to: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: to - from }, (_, i) => {
        const url = `https://site.test/${from + i}`;
        const event = new History(JOB).fetched(url, [], { title: `Page ${from + i}` }).last;
        return log.eventLog.publishPage({ ...event, id: pageEventId(JOB, 1, url, 1) } as NewPageEvent);
      }),
    );
  const fetched = async (): Promise<number> => (await db.readModels.job(JOB))?.fetched ?? 0;
  const dump = async (): Promise<string> => {
    let text = '';
    for await (const line of db.dump()) text += line;
    return text;
  };

  test(
    'follows the log, also when it starts late or again, and two of them do no harm',
    async () => {
      await publish(0, 30);
      const first = await start();
      await until(async () => (await fetched()) === 30);
      await publish(30, 60);
      await until(async () => (await fetched()) === 60);
      await first.close();
      await publish(60, 90);
      await Promise.all([start(), start()]);
      await publish(90, 120);
      await until(async () => (await fetched()) === 120);
      const [status] = await running.at(-1)!.status();
      expect(status).toMatchObject({ seq: 121, lag: 0, parked: [], lastError: null, rebuilding: null });
    },
    PATIENCE,
  );

  test(
    'a rebuild gives the same rows, byte for byte, while it follows on',
    async () => {
      await start();
      await publish(0, 50);
      await until(async () => (await fetched()) === 50);
      const live = await dump();
      const steps: number[] = [];
      const done = await rebuildProjection(resources(), ({ seq, head }) => void steps.push(seq / head));
      expect(done.events).toBe(51);
      expect(steps.at(-1)).toBe(1);
      expect(await dump()).toBe(live);
      await publish(50, 60);
      await until(async () => (await fetched()) === 60);
    },
    PATIENCE,
  );

  test(
    'ends at once when it is told to while the database is away',
    async () => {
      const one = await start();
      await publish(0, 5);
      await until(async () => (await fetched()) === 5);
      await store.drop();
      await publish(5, 10);
      await until(async () =>
        one.status().then(
          () => false,
          () => true,
        ),
      );
      await one.close();
    },
    PATIENCE,
  );
});
