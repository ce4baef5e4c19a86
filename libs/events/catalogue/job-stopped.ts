import { z } from 'zod';
import { defineEvent } from '../define.js';
import { decisionRef } from '../shared-schemas.js';

/** The run ends now; what is in flight is aborted and stays open. */
export const JobStopped = defineEvent({
  type: 'JobStopped',
  family: 'job',
  data: z.object({ ...decisionRef, run: z.int().positive() }),
});
