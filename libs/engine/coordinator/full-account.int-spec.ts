import { connectLog } from '#libs/adapters/jetstream';
import { newHashKey, newId, systemClock } from '#libs/adapters/system';
import { subjects } from '#libs/events';
import { startTestNats, until } from '#libs/testing';
import { JobService } from '../jobs/index.js';
import { Coordinator } from './coordinator.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

test('jobs pause when the account is nearly at its limit, though no stream has one, and the pause itself still fits', async () => {
  const nats = await startTestNats([
    'accounts { SPOOR { jetstream { max_file: 1MB }, users: [{ user: "spoor", password: "spoor" }] } }',
    'no_auth_user: "spoor"',
  ]);
  const log = await connectLog({ url: nats.url, shards: 1, name: 'full account', leaseTtlMs: 1000 });
  const jobs = new JobService({ eventLog: log.eventLog, clock: systemClock, newId, shards: 1 });
  const { eventLog, fetchQueue, lease, progress, inspection } = log;
  const coordinator = new Coordinator(
    {
      ...{ eventLog, fetchQueue, lease, progress, inspection, clock: systemClock, logger: quiet },
      room: { freeBytes: async () => null },
      hashKey: newHashKey(),
    },
    { shard: 0, pool: 'http', holder: 'spec', leaseEveryMs: 200 },
  );
  coordinator.start();
  try {
    const { jobId } = await jobs.start({ start: ['https://site.test/'] });
    const used = async (): Promise<number> => {
      const account = (await inspection.allowances(0)).find(({ name }) => name === 'account');
      return account!.used / account!.limit;
    };
    while ((await used()) < 0.95)
      await log.nc.request(subjects.pageSubject('0-other00000', 'PageFetched'), Buffer.alloc(10_000));
    await until(async () => (await jobs.state(jobId))?.status === 'paused', { what: 'the job to be paused' });
    expect((await jobs.state(jobId))!.reason).toMatch(/^The NATS account of the event log is nearly full/);
  } finally {
    await coordinator.stop();
    await log.close();
    await nats.stop();
  }
});
