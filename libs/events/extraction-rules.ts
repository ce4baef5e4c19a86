import { z } from 'zod';
import { stage } from './job-spec.js';

/** What a stage extracts, without what it follows. */
export const extractionRules = z.array(stage.pick({ name: true, items: true, fields: true })).min(1);
export type ExtractionRules = z.output<typeof extractionRules>;

/** Of a job that does not run and has nothing in flight. */
export const restingStatus = z.enum(['stopped', 'error', 'done', 'paused']);
