import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { PROJECTION_VERSION } from '#libs/read-models';
import { rebuildReadModels } from '#libs/engine';
import type { Resources, Running } from '#libs/hosting';
import { ProjectorModule } from './projector.module.js';

export async function startProjector(resources: Resources): Promise<Running> {
  return NestFactory.createApplicationContext(ProjectorModule.register(resources), {
    logger: ['error', 'warn'],
    abortOnError: false,
  });
}

/**
 * Makes the read models of all shards anew from the log and swaps them in; those that serve now do so until then.
 * @throws SpoorError conflict when another rebuild is under way
 */
export async function rebuildProjection(
  { log, clock, logger, config, database }: Resources,
  onProgress: (progress: { shard: number; seq: number; head: number; perSecond: number }) => void = () =>
    undefined,
): Promise<{ events: number; durationMs: number }> {
  const { projectionStore } = await database();
  const began = clock.monotonic();
  const events = new Map<number, number>();
  await rebuildReadModels(
    { eventLog: log.eventLog, store: projectionStore, clock, logger },
    {
      shards: Array.from({ length: config.shards }, (_, shard) => shard),
      codeVersion: PROJECTION_VERSION,
      onProgress: ({ shard, seq, lastSeq, events: read, perSecond }) => {
        events.set(shard, read);
        onProgress({ shard, seq, head: lastSeq, perSecond });
      },
    },
  );
  const total = [...events.values()].reduce((sum, n) => sum + n, 0);
  return { events: total, durationMs: Math.round(clock.monotonic() - began) };
}
