import { z } from 'zod';
import { defineEvent } from '../define.js';
import { extractionRules, restingStatus } from '../extraction-rules.js';
import { decisionRef } from '../shared-schemas.js';

const count = z.int().nonnegative();

/** The version is whole: it is what is shown from now on, and its rules are the job's for pages that it still fetches. */
export const ReextractionCompleted = defineEvent({
  type: 'ReextractionCompleted',
  family: 'job',
  data: z.object({
    ...decisionRef,
    run: z.int().positive(),
    version: z.int().min(2),
    rules: extractionRules,
    pages: count,
    items: count,
    /** Pages whose body is not kept, or could not be read: this version has nothing of them. */
    withoutBody: count,
    /** The job's status, which stays. */
    status: restingStatus,
  }),
});
