import { z } from 'zod';
import { defineEvent } from '../define.js';
import { decisionRef } from '../shared-schemas.js';

/** Nothing new is released; what is in flight finishes. */
export const JobPaused = defineEvent({
  type: 'JobPaused',
  family: 'job',
  data: z.object({ ...decisionRef, run: z.int().positive(), by: z.enum(['user', 'system']) }),
});
