import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { startTestNats, until, type TestNats } from '#libs/testing';
import { LoggedJob } from '#libs/testing/logged-job';
import { Home, type Spoor } from './support/spoor.js';

/** `spoor job show` and `spoor events tail` on the log of an engine with two shards, while events come. */
describe('following the log', () => {
  let nats: TestNats;
  let log: JetStreamHandle;
  let home: Home;
  let one: LoggedJob;
  let two: LoggedJob;
  /** Of the next page of any job. */
  let n = 0;

  beforeAll(async () => {
    nats = await startTestNats();
    log = await connectLog({ url: nats.url, shards: 2, name: 'follow spec' });
    // Nothing listens there: none of this asks a database.
    const database = 'postgres://nobody:x@127.0.0.1:1/none';
    home = new Home({ NATS_URL: nats.url, SPOOR_SHARDS: '2', DATABASE_URL: database });
    [one, two] = [new LoggedJob(log, '0-followed000'), new LoggedJob(log, '1-followed000')];
    for (const job of [one, two]) await job.start();
  });
  afterAll(async () => {
    await home.end();
    await log.close();
    await nats.stop();
  });

  /** The server's clock has ms: events of different shards are in the order of it, if it is not the same. */
  const page = async (job: LoggedJob): Promise<number> => {
    const before = Date.now();
    await until(() => Date.now() > before);
    await job.page(n);
    return n++;
  };
  const numbers = (text: string): number[] =>
    [...text.matchAll(/a\.test\/page\/(\d+)/g)].map(([, number]) => Number(number));
  const shows = (follower: Spoor, expected: readonly number[]): Promise<unknown> =>
    until(() => numbers(follower.stdout).length >= expected.length && follower.stdout.endsWith('\n'), {
      ...{ timeoutMs: 30_000, what: `${expected.length} events, of ${follower.stdout}${follower.stderr}` },
    });
  const endsWith = async (follower: Spoor, expected: readonly number[]): Promise<void> => {
    await shows(follower, expected);
    follower.kill('SIGINT');
    const { code, stdout } = await follower.finished;
    expect([code, numbers(stdout)]).toEqual([0, expected]);
  };

  it('goes through the history of a job and on with what comes, until it is interrupted', async () => {
    const told = [await page(one), await page(one)];
    await page(two);
    const follower = home.spoor(['job', 'show', one.jobId, '--type', 'PageFetched', '--follow']);
    await shows(follower, told);
    told.push(await page(one));
    await page(two);
    told.push(await page(one));
    await endsWith(follower, told);
  });

  it('shows the last events of all shards together, oldest first, and no more than are asked for', async () => {
    const told: number[] = [];
    for (const job of [two, one, two, two]) told.push(await page(job));
    const { code, stdout } = await home.run(['events', 'tail', '--limit', '3']);
    expect([code, numbers(stdout)]).toEqual([0, told.slice(-3)]);
    expect(stdout.split('\n').filter(Boolean)).toHaveLength(3);
    expect(stdout).toContain(one.jobId);
  });

  it('shows the last few and then what comes in any shard, as tail -n -f does', async () => {
    const told: number[] = [];
    for (const job of [one, two, one]) told.push(await page(job));
    const follower = home.spoor(['events', 'tail', '--limit', '2', '--follow']);
    const last = told.slice(-2);
    await shows(follower, last);
    for (const job of [two, one, two]) {
      last.push(await page(job));
      await shows(follower, last);
    }
    await endsWith(follower, last);
  });

  it('takes a limit with a beginning as that of all', async () => {
    const seq = String((await log.eventLog.head(0)).lastSeq + 1);
    const follower = home.spoor([
      ...['events', 'tail', '--job', one.jobId, '--from', seq, '--limit', '2', '--follow'],
    ]);
    const told = [await page(one), await page(one), await page(one)];
    const { code, stdout } = await follower.finished;
    expect([code, numbers(stdout)]).toEqual([0, told.slice(0, 2)]);
  });
});
