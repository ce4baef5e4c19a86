import { z } from 'zod';
import { defineEvent } from '../define.js';

/** The key opens nothing any more, and never will again. */
export const KeyRevoked = defineEvent({
  type: 'KeyRevoked',
  family: 'account',
  data: z.object({ keyId: z.string(), reason: z.string().optional() }),
});
