import { z } from 'zod';
import { defineEvent } from '../define.js';
import { decisionRef } from '../shared-schemas.js';

/** The proxy failed: the job's status is `error` at once, the page stays open and no attempt is burned. */
export const ProxyFailed = defineEvent({
  type: 'ProxyFailed',
  family: 'job',
  data: z.object({
    ...decisionRef,
    run: z.int().positive(),
    url: z.string(),
    /** Number of the page in a paginated job. */
    page: z.int().nullable(),
    /** A code of the failure table, `proxy_…`. */
    code: z.string(),
    statusCode: z.int(),
    message: z.string(),
    vendorText: z.string().nullable(),
    hint: z.string(),
    /** The try that met it; it burned no attempt. */
    attempt: z.int().positive().optional(),
    /** How to go on with the job. */
    resume: z.string().optional(),
  }),
});
