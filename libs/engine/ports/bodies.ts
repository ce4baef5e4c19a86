import type { BodyRef } from '#libs/events';

/** Response bodies, once per job and content, stored before the event that refers to them. */
export interface Bodies {
  /** @param raw the body in `encoding`, as received where possible. */
  put(jobId: string, raw: Buffer, meta: Omit<BodyRef, 'sha256' | 'storedBytes'>): Promise<BodyRef>;
  /** Bytes as stored; null when they are not there. */
  get(jobId: string, sha256: string): Promise<Buffer | null>;
  /** Has a body of one job as one of another's, too, without taking room again where the store can. False: it is not there. */
  link(fromJobId: string, toJobId: string, sha256: string): Promise<boolean>;
  /** Removes all of a job's bodies. */
  removeJob(jobId: string): Promise<void>;
}

/** All bodies there are, for what looks after them as a whole. */
export interface BodyArchive extends Bodies {
  has(jobId: string, sha256: string): Promise<boolean>;
  list(): AsyncIterable<{ jobId: string; sha256: string }>;
}
