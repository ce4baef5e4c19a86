import { z } from 'zod';
import { defineEvent } from '../define.js';

/** The call brought no content: the same wallet may use the payment again. */
export const PaymentReleased = defineEvent({
  type: 'PaymentReleased',
  family: 'account',
  data: z.object({ signature: z.string(), requestId: z.string(), code: z.string() }),
});
