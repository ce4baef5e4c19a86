import { z } from 'zod';
import { findingCodes } from '#libs/engine/health';
import { count, seq } from './parts.js';

export const readyAnswer = z.object({
  /** `degraded`: the engine works, and a person should look. `unavailable` comes with 503. */
  status: z.enum(['ok', 'degraded', 'unavailable']),
  nats: z.enum(['ok', 'unavailable']),
  postgres: z.enum(['ok', 'unavailable', 'unused']),
  /** Events of each shard that the projector has not seen; null where that cannot be told. */
  shards: z.array(
    z.object({
      shard: z.int(),
      lastSeq: seq.nullable(),
      projected: seq.nullable(),
      lag: count.nullable(),
      /** For how long the oldest of them has been waiting. */
      lagSeconds: z.number().nullable(),
      /** Events that wait behind one that could not be read or stored. */
      parked: count,
    }),
  ),
  findings: z.array(
    z.object({
      code: z.enum(findingCodes),
      severity: z.enum(['failing', 'warning']),
      message: z.string(),
      hint: z.string(),
      /** What mends it, or begins to. */
      command: z.string().nullable(),
      shard: z.int().optional(),
      jobs: z.array(z.string()).optional(),
    }),
  ),
  /** By part of the engine: up or down, with the codes of its findings. */
  details: z.record(
    z.string(),
    z.object({
      status: z.enum(['up', 'degraded', 'down']),
      findings: z.array(z.enum(findingCodes)).optional(),
    }),
  ),
});

export const healthAnswer = z.object({ status: readyAnswer.shape.status, timestamp: z.string() });
export const liveAnswer = z.object({ status: z.literal('ok') });
