import { z } from 'zod';
import { defineEvent } from '../define.js';
import { decisionRef, owner } from '../shared-schemas.js';

/** The job's history up to here may be purged; a tombstone stays. */
export const JobRemoved = defineEvent({
  type: 'JobRemoved',
  family: 'job',
  data: z.object({ ...decisionRef, /** Whose tombstone it is: nothing else may be left to tell. */ owner }),
});
