import { z } from 'zod';
import { isJobId } from '#libs/events';

export const MANIFEST = 'manifest.json';
export const EVENTS = 'events.jsonl';
export const bodyFile = (sha256: string): string => `bodies/${sha256}`;

const MIB = 1024 * 1024;
/** What an import takes, in bytes; what would exceed it is not exported. */
export const LIMITS = {
  /** It names every body: more than a million and a half of them. */
  manifest: 128 * MIB,
  /** As long as a body may be at most (`limits.maxBodyBytes`), and its encoding. */
  body: 272 * MIB,
  /** One event. */
  line: 256 * MIB,
};

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** `manifest.json` of an exported job: the first member, which names all others. */
export const archiveManifest = z.object({
  format: z.literal(1),
  jobId: z.string().refine(isJobId, 'is no job id'),
  /** Sequences of its first and last event, in the log that it was written in. */
  range: z.object({ first: z.int().positive(), last: z.int().positive() }),
  events: z.object({
    count: z.int().positive(),
    /** Of these, such as the exporting version could not read: their data is not in the archive. */
    unreadable: z.int().nonnegative(),
    bytes: z.int().positive(),
    sha256,
  }),
  /** Null: they were left out. */
  bodies: z
    .object({
      /** Each is the file `bodies/<sha256>`, in this order. */
      files: z.array(sha256),
      /** The events refer to them, and the store did not have them any more. */
      missing: z.array(sha256),
    })
    .nullable(),
});

export type ArchiveManifest = z.output<typeof archiveManifest>;

export const manifestBytes = (manifest: ArchiveManifest): Buffer =>
  Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
