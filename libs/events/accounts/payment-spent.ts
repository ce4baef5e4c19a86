import { z } from 'zod';
import { defineEvent } from '../define.js';

/** Stored before the content is handed out: the payment is used for ever. */
export const PaymentSpent = defineEvent({
  type: 'PaymentSpent',
  family: 'account',
  data: z.object({ signature: z.string(), requestId: z.string() }),
});
