import { z } from 'zod';
import { defineEvent } from '../define.js';
import { pageRef, robotsVerdict } from '../shared-schemas.js';

/** A known URL that is not requested, and the rule that says so. */
export const PageSkipped = defineEvent({
  type: 'PageSkipped',
  family: 'page',
  data: z.object({
    ...pageRef,
    /** A code of the failure table: `robots_disallowed`, `robots_unreachable`, `skip_pattern`. */
    code: z.string(),
    message: z.string(),
    rule: z.string().nullable(),
    robots: robotsVerdict.optional(),
  }),
});
