import { z } from 'zod';
import { defineEvent } from '../define.js';
import { decisionRef } from '../shared-schemas.js';
import { jobSpecChanges } from '../job-spec.js';

const pagesOfStage = z.record(z.string(), z.int().nonnegative());

/** A new run of the same generation: goes on behind what has an outcome. */
export const JobResumed = defineEvent({
  type: 'JobResumed',
  family: 'job',
  data: z.object({
    ...decisionRef,
    run: z.int().positive(),
    /** What this run does differently, as it was asked for. */
    changes: jobSpecChanges.optional(),
    /** What that changes in fact. */
    diff: z.array(z.object({ field: z.string(), from: z.unknown(), to: z.unknown() })).optional(),
    /** Pages of each stage with an outcome, and without; true at `atSeq`. */
    done: pagesOfStage.optional(),
    remaining: pagesOfStage.optional(),
    atSeq: z.int().optional(),
    /** Of a paginated job: the page up to which every one has an outcome (0: none), and the first that has none. */
    lastPage: z.int().nullable().optional(),
    nextPage: z.int().nullable().optional(),
  }),
});
