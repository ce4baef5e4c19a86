import { z } from 'zod';

const streamState = z.looseObject({
  messages: z.int(),
  first_seq: z.int(),
  last_seq: z.int(),
  bytes: z.int(),
});

/** What `manifest.json` of a backup holds. It is written last: without it the backup is not complete. */
export const backupManifest = z.object({
  format: z.literal(1),
  /** ISO 8601. */
  createdAt: z.string(),
  /** An older server may be unable to read what a newer one wrote. */
  natsVersion: z.string(),
  shards: z.int().positive(),
  streams: z.array(
    z.object({
      /** Null: kept beside the logs of jobs. */
      shard: z.int().nonnegative().nullable(),
      stream: z.string(),
      identity: z.string(),
      config: z.record(z.string(), z.unknown()),
      state: streamState,
      file: z.string(),
      bytes: z.int(),
      sha256: z.string(),
    }),
  ),
  /** Null: they were left out. */
  bodies: z.object({ files: z.int(), bytes: z.int() }).nullable(),
});

export type BackupManifest = z.output<typeof backupManifest>;
