import { z } from 'zod';
import { defineEvent } from '../define.js';
import { decisionRef } from '../shared-schemas.js';

/** A new generation: every page is open again; nothing of the old one is deleted. */
export const JobRestarted = defineEvent({
  type: 'JobRestarted',
  family: 'job',
  data: z.object({ ...decisionRef, run: z.int().positive(), generation: z.int().positive() }),
});
