import { jetstreamManager } from '@nats-io/jetstream';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '#libs/testing';
import { noSmallDisk, SmallDisk } from '../../support/small-disk.js';
import type { Fault } from '../fault.js';
import type { Run } from '../harness/run.js';

const STREAM = 'SPOOR_EVENTS_0';

/** No new page for this long: whatever could go on has gone on. */
const QUIET_MS = 2_500;

async function quiet(run: Run): Promise<void> {
  let served = -1;
  let since = 0;
  const isQuiet = (): boolean => {
    if (run.site.served !== served) since = performance.now();
    served = run.site.served;
    return performance.now() - since > QUIET_MS;
  };
  await until(isQuiet, { timeoutMs: 60_000, what: 'the job to come to rest' });
  run.note(`at rest with ${served} pages: ${(await run.api.job(run.jobId))?.status}`);
}

/** A job that the engine has paused says why; whoever has made room resumes it. */
async function resumeIfPaused(run: Run): Promise<void> {
  const goesOn = async (): Promise<boolean> => {
    const job = await run.api.job(run.jobId);
    if (job?.status === 'paused') await run.api.command(run.jobId, 'resume');
    return job?.status === 'done';
  };
  await until(goesOn, { timeoutMs: 60_000, what: 'the job to go on when there is room again' });
}

const streamFull: Fault = {
  name: 'stream-full',
  about: 'the log reaches its limit and refuses what is new; later the limit is lifted',
  inject: async (run) => {
    await run.moment(0.1, 0.5);
    const { log } = await run.stage.open();
    const manager = await jetstreamManager(log.nc);
    const { state } = await manager.streams.info(STREAM);
    const room = run.random.int(2_000, 60_000);
    run.note(`${room} bytes left of ${state.bytes + room}`);
    await manager.streams.update(STREAM, { max_bytes: state.bytes + room });
    await quiet(run);
    await manager.streams.update(STREAM, { max_bytes: -1 });
    await resumeIfPaused(run);
  },
  // What was held when the job was paused is let go of.
  allow: { repeats: 64 },
};

let disk: SmallDisk | null = null;
const cleanUp = (): void => {
  disk?.unmount();
  disk = null;
};

const natsDiskFull: Fault = {
  name: 'disk-full-nats',
  about: 'nothing more can be written where NATS keeps its streams; then there is room again',
  missing: noSmallDisk,
  stage: () => ({ natsStore: (disk ??= new SmallDisk(64)).folder('store') }),
  spoilsStage: true,
  inject: async (run) => {
    await run.moment(0.1, 0.5);
    const leave = run.random.int(0, 100_000);
    run.note(`${leave} bytes left`);
    disk!.fill(leave);
    await quiet(run);
    disk!.clear();
    // A nats-server that has met a full disk has put JetStream away, and has it again only after a restart.
    await run.stage.nats.stop();
    await run.stage.nats.start();
    await resumeIfPaused(run);
  },
  allow: { repeats: 64, afterCommit: 0 },
  cleanUp,
};

const postgresDiskFull: Fault = {
  name: 'disk-full-postgres',
  about: 'nothing more can be written where Postgres keeps its tables; then there is room again',
  missing: noSmallDisk,
  stage: () => ({ postgresData: `${(disk ??= new SmallDisk(256)).dir}/data` }),
  spoilsStage: true,
  inject: async (run) => {
    await run.moment(0.05, 0.3);
    disk!.fill(run.random.int(0, 50_000));
    await run.pause(3_000, 6_000);
    disk!.clear();
    // Out of room for its own log Postgres ends itself, and whoever watches it starts it again.
    await sleep(500);
    await run.stage.postgres.start();
  },
  cleanUp,
};

export const full: Fault[] = [streamFull, natsDiskFull, postgresDiskFull];
