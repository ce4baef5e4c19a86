import { rebuildReadModels } from '#libs/engine';
import type { Resources } from '#libs/hosting';
import { PROJECTION_VERSION } from '#libs/read-models';

export interface RebuildStep {
  shard: number;
  /** Sequence that was reached. */
  seq: number;
  /** The log's last sequence when the rebuild began. */
  head: number;
  perSecond: number;
}

type Needed = Pick<Resources, 'log' | 'clock' | 'logger' | 'database'> & {
  config: Pick<Resources['config'], 'shards'>;
};

/**
 * Makes the read models of all shards anew from the log and swaps them in; those that serve now do so until then.
 * @throws SpoorError conflict when another rebuild is under way
 */
export async function rebuildProjection(
  { log, clock, logger, config, database }: Needed,
  onProgress: (step: RebuildStep) => void = () => undefined,
): Promise<{ events: number; durationMs: number }> {
  const { projectionStore: store } = await database();
  const began = clock.monotonic();
  const events = new Map<number, number>();
  await rebuildReadModels(
    { eventLog: log.eventLog, store, clock, logger },
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
