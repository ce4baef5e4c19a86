import { join } from 'node:path';
import { TarStream } from '#libs/adapters/job-archive';
import { storableValue } from '#libs/adapters/postgres';
import { replayAgainstLive, verifyReadModels } from '#libs/engine';
import { exportJob } from '#libs/engine/archive';
import type { LogEntry } from '#libs/events';
import type { ProjectionStore } from '#libs/engine/ports';
import type { Resources } from '#libs/hosting';
import { PROJECTION_VERSION } from '#libs/read-models';
import type { ApiDeps } from './deps.js';

type LongReads = Required<Pick<ApiDeps, 'verify' | 'replayAgainstLive' | 'exportJob'>>;

type Needed = Pick<Resources, 'log' | 'bodies' | 'clock' | 'logger'> & {
  config: Pick<Resources['config'], 'shards' | 'home'>;
};

/** What reads a whole history, or all of them. */
export function longReads(
  { log: { eventLog }, bodies, clock, logger, config: { shards, home } }: Needed,
  store: ProjectionStore,
): LongReads {
  return {
    verify: (options) =>
      verifyReadModels(
        { eventLog, store, clock, logger },
        {
          ...options,
          ...{ shards: Array.from({ length: shards }, (_, shard) => shard), codeVersion: PROJECTION_VERSION },
        },
      ),
    replayAgainstLive: (jobId, options) =>
      replayAgainstLive(
        { store, storable: storableValue },
        jobId,
        entriesOf(eventLog.readJob(jobId)),
        options,
      ),
    exportJob: (jobId, { withBodies, begin, signal }) =>
      exportJob({ eventLog, bodies, shards }, jobId, new TarStream(join(home, 'exports'), begin), {
        withBodies,
        onProgress: () => signal.throwIfAborted(),
      }),
  };
}

async function* entriesOf(
  batches: AsyncIterable<{ entries: LogEntry[] }>,
): AsyncGenerator<LogEntry, void, undefined> {
  for await (const { entries } of batches) yield* entries;
}
