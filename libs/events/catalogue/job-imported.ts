import { z } from 'zod';
import { defineEvent } from '../define.js';
import { decisionRef, historyRef, owner } from '../shared-schemas.js';

/** What stands before it is the history of an archive, copied whole. Nothing runs: an imported job waits to be resumed. */
export const JobImported = defineEvent({
  type: 'JobImported',
  family: 'job',
  data: z.object({
    ...decisionRef,
    /** Whose it is here: that of the archive does not come along. */
    owner,
    /** The job that was exported, and the last sequence of its history. */
    from: historyRef,
    /** Of the archive's events. */
    sha256: z.string(),
    events: z.int().nonnegative(),
    bodies: z.int().nonnegative(),
    /** As the archive left it; what was running there is paused here. */
    status: z.enum(['paused', 'stopped', 'error', 'done']),
  }),
});
