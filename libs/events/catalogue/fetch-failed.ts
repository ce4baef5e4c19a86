import { z } from 'zod';
import { defineEvent } from '../define.js';
import { fetchTiming, pageRef, redirectStep, robotsVerdict } from '../shared-schemas.js';

/** No usable response, and no attempt is left or none would help. */
export const FetchFailed = defineEvent({
  type: 'FetchFailed',
  family: 'page',
  bulky: ['redirects'],
  data: z.object({
    ...pageRef,
    attempt: z.int().positive(),
    /** A code of the failure table. */
    code: z.string(),
    message: z.string(),
    /** 0 without a response, 310 for too many redirects, else the last redirect's code. */
    statusCode: z.int(),
    finalUrl: z.string(),
    redirects: z.array(redirectStep),
    robots: robotsVerdict.optional(),
    timing: fetchTiming.optional(),
  }),
});
