import { NestFactory } from '@nestjs/core';
import { JetStreamStrategy } from '#libs/adapters/nest-transport';
import { Projector, type ProjectorStatus } from '#libs/engine';
import type { Metrics } from '#libs/engine/ports';
import type { Resources, Running } from '#libs/hosting';
import { ProjectorModule } from './projector.module.js';

export interface RunningProjector extends Running {
  /** How far each shard's read models are, and what holds them up. */
  status(): Promise<ProjectorStatus[]>;
}

type Needed = Pick<Resources, 'log' | 'clock' | 'logger' | 'database'> & {
  metrics?: Metrics | undefined;
  config: Pick<Resources['config'], 'shards'>;
};

/** A commit costs the same for one event as for forty, and nobody sees a tenth of a second. */
const COMMIT_EVERY_MS = 100;

/** Keeps the read models of all shards up to date until it is closed. */
export async function startProjector(resources: Needed): Promise<RunningProjector> {
  const { log, clock, logger, config, metrics } = resources;
  const { eventLog } = log;
  const { projectionStore: store } = await resources.database();
  const shards = Array.from({ length: config.shards }, (_, shard) => shard);
  const projectors = shards.map(
    (shard) => new Projector({ eventLog, store, clock, logger, metrics }, { shard, shards }),
  );
  const stopping = new AbortController();
  const strategy = new JetStreamStrategy({
    eventLog,
    shards,
    everyMs: COMMIT_EVERY_MS,
    checkpoints: {
      projector: async (shard) => ((await projectors[shard]?.position(stopping.signal))?.seq ?? 0) + 1,
    },
    logger: {
      log: (message) => logger.info({}, message),
      warn: (message) => logger.warn({}, message),
      error: (message) => logger.error({}, message),
    },
  });
  const app = await NestFactory.createMicroservice(ProjectorModule.register(projectors, stopping.signal), {
    strategy,
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  await app.listen();
  for (const projector of projectors) void projector.watch(stopping.signal);
  return {
    status: () => Promise.all(projectors.map((projector) => projector.status())),
    close: async () => {
      // In this order: the transport must know that it ends before its handler is interrupted.
      const closed = app.close();
      stopping.abort();
      await closed;
    },
  };
}
