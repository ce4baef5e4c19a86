import type { ProjectorDeps } from '#libs/engine';
import type { Resources } from '#libs/hosting';
import { PROJECTION_VERSION } from '#libs/read-models';
import { say } from '../../say.js';

/** What the use cases of the projection stand on. */
export async function stores({ log, clock, logger, database }: Resources): Promise<ProjectorDeps> {
  const { projectionStore: store } = await database();
  return { eventLog: log.eventLog, store, clock, logger };
}

export const shardsOf = ({ config }: Resources): number[] =>
  Array.from({ length: config.shards }, (_, shard) => shard);

export const codeVersion = PROJECTION_VERSION;

const EVERY_MS = 1000;

/** Progress as plain lines, about one a second: events, events per second, time left. */
export function progressLines(): (step: { seq: number; lastSeq: number; perSecond: number }) => void {
  let said = 0;
  return ({ seq, lastSeq, perSecond }) => {
    const now = performance.now();
    if (said > 0 && now - said < EVERY_MS && seq < lastSeq) return;
    said = now;
    const left = perSecond > 0 ? Math.ceil(Math.max(lastSeq - seq, 0) / perSecond) : 0;
    say(`event ${seq} of ${lastSeq}, ${perSecond} events/s, ${left} s left`);
  };
}
