import { z } from 'zod';
import { defineEvent } from '../define.js';
import { decisionRef } from '../shared-schemas.js';

/** Written to the new job: its history goes on from the parent's up to `parentSeq`. */
export const JobForked = defineEvent({
  type: 'JobForked',
  family: 'job',
  data: z.object({ ...decisionRef, parentJobId: z.string(), parentSeq: z.int().positive() }),
});
