import { z } from 'zod';
import { defineEvent } from '../define.js';
import { extractionRules, restingStatus } from '../extraction-rules.js';
import { decisionRef } from '../shared-schemas.js';

/** Stored bodies are read once more, by other rules: their items come as a version of their own. */
export const ReextractionStarted = defineEvent({
  type: 'ReextractionStarted',
  family: 'job',
  data: z.object({
    ...decisionRef,
    run: z.int().positive(),
    /** The items as they were fetched are version 1. */
    version: z.int().min(2),
    rules: extractionRules,
    /** The job's status, which stays. */
    status: restingStatus,
  }),
});
