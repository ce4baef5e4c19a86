import { z } from 'zod';
import type { TaskBatch } from '#libs/engine/ports';

const taskBatch: z.ZodType<TaskBatch> = z.object({
  jobId: z.string(),
  generation: z.int(),
  run: z.int(),
  jobSeq: z.int(),
  logSeq: z.int(),
  pool: z.string().optional(),
  tasks: z.array(
    z.object({ url: z.string(), depth: z.int(), stage: z.string(), try: z.int(), attempt: z.int() }),
  ),
});

/** Null when it is not a batch of tasks. */
export function parseTaskBatch(payload: Uint8Array): TaskBatch | null {
  try {
    const json: unknown = JSON.parse(Buffer.from(payload).toString());
    return taskBatch.safeParse(json).data ?? null;
  } catch {
    return null;
  }
}
