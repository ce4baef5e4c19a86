import { z } from 'zod';
import type { LogHead } from '#libs/engine/ports';
import { RevisionConflictError, type LogReader } from '#libs/adapters/jetstream/reading';
import { subjects } from '#libs/events';
import { SupersededError } from './errors.js';

const checkpoint = z.object({
  stream: z.string(),
  seq: z.int().nonnegative(),
  event: z.object({ seq: z.int().positive(), id: z.string() }).nullable(),
  owner: z.string().optional(),
  savedAt: z.string().optional(),
});

/** How far a subscription has come in one shard, and in which log. */
export interface Checkpoint {
  /** Identity of the stream: one that was made anew has another. */
  stream: string;
  /** Everything up to here has been handled, or was not asked for. */
  seq: number;
  /** The last event that was seen at or before `seq`: a log that holds another one there is not the log that was read. */
  event: { seq: number; id: string } | null;
}

/**
 * Where checkpoints are kept. Without one of your own they lie in the KV bucket SPOOR_CHECKPOINTS beside the log. One that
 * writes into the database of the handlers' rows makes the two one transaction: leave `save` out and store
 * `meta.checkpoint` with the rows.
 */
export interface CheckpointStore {
  load(durable: string, shard: number): Promise<Checkpoint | null>;
  save?(durable: string, shard: number, checkpoint: Checkpoint): Promise<void>;
}

/** Checkpoints in NATS, each under `<durable>.<shard>`. The newest owner of a name has it; an older one learns so at its next save. */
export async function natsCheckpoints(reader: LogReader, owner: string): Promise<Required<CheckpointStore>> {
  const bucket = await reader.revisions(subjects.CHECKPOINT_BUCKET);
  const revisions = new Map<string, number>();
  return {
    load: async (durable, shard) => {
      const key = `${durable}.${shard}`;
      const found = await bucket.get(key);
      revisions.set(key, found?.revision ?? 0);
      return found === null || found.value === null ? null : checkpoint.parse(found.value);
    },
    save: async (durable, shard, { stream, seq, event }) => {
      const key = `${durable}.${shard}`;
      const value = { stream, seq, event, owner, savedAt: new Date().toISOString() };
      try {
        revisions.set(key, await bucket.put(key, value, revisions.get(key) ?? 0));
      } catch (error) {
        throw error instanceof RevisionConflictError ? new SupersededError(durable) : error;
      }
    },
  };
}

/** Why a checkpoint does not belong to this log; null when it does. An event that was purged meanwhile proves nothing. */
export async function mismatch(
  found: Checkpoint,
  head: LogHead,
  eventIdAt: (seq: number) => Promise<string | null>,
): Promise<string | null> {
  if (found.stream !== head.stream)
    return `the log was made anew: it is ${head.stream}, and ${found.stream} was read`;
  if (head.lastSeq < found.seq) return `the log ends at ${head.lastSeq}, and ${found.seq} was read from it`;
  if (found.event === null) return null;
  const id = await eventIdAt(found.event.seq);
  if (id === null || id === found.event.id) return null;
  return `the log holds another event at ${found.event.seq} than was read there`;
}
