import { setTimeout as wait } from 'node:timers/promises';
import type { z } from 'zod';
import type { ApiDeps } from '../deps.js';
import type { readyAnswer } from '../schemas/answers.js';

const PATIENCE_MS = 2000;

/** The value, or null when it does not come in time: the stores retry for much longer than a probe waits. */
async function inTime<T>(asked: Promise<T>): Promise<T | null> {
  const ended = new AbortController();
  const tooLate = wait(PATIENCE_MS, null, { signal: ended.signal }).catch(() => null);
  const answer = await Promise.race([asked.catch(() => null), tooLate]);
  ended.abort();
  return answer;
}

/** Whether the stores answer, and how far the read models are behind. */
export async function readiness(deps: ApiDeps): Promise<z.output<typeof readyAnswer>> {
  const shards = await Promise.all(
    Array.from({ length: deps.config.shards }, async (_, shard) => {
      const [head, projected] = await Promise.all([
        inTime(deps.eventLog.head(shard)),
        inTime(deps.readModels.position(shard)),
      ]);
      const lag = head && projected !== null ? Math.max(0, head.lastSeq - projected) : null;
      return { shard, lastSeq: head?.lastSeq ?? null, projected, lag };
    }),
  );
  const nats = shards.every((s) => s.lastSeq !== null) ? 'ok' : 'unavailable';
  const postgres = shards.every((s) => s.projected !== null) ? 'ok' : 'unavailable';
  const status = nats === 'ok' && postgres === 'ok' ? 'ok' : 'unavailable';
  return { status, nats, postgres, shards };
}
