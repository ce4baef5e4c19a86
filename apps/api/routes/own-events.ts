import type { LogEntry } from '#libs/events';
import type { JobState } from '#libs/job';
import { isSeenBy, type Caller } from '../http/caller.js';
import type { ReadEvents } from '#libs/engine';

type FindState = (jobId: string) => Promise<JobState | null>;

/** Of all events those of the caller's jobs. Sequences stay those of the log, so a reader goes on where it was. */
export function eventsSeenBy(caller: Caller, read: ReadEvents, state: FindState): ReadEvents {
  if (caller.isAdmin) return read;
  const seen = new Map<string, boolean>();
  const isSeen = async ({ jobId }: LogEntry): Promise<boolean> => {
    if (jobId === null) return false;
    const known = seen.get(jobId);
    if (known !== undefined) return known;
    const found = await state(jobId);
    const is = found !== null && isSeenBy(caller, found);
    // A fork has no owner before it is whole.
    if (!found?.copying) seen.set(jobId, is);
    return is;
  };
  return async function* (options) {
    for await (const batch of read(options)) {
      const entries: LogEntry[] = [];
      for (const entry of batch.entries) if (await isSeen(entry)) entries.push(entry);
      yield { ...batch, entries };
    }
  };
}
