import { z } from 'zod';
import { defineEvent } from '../define.js';

/** A payment is in the hands of one call: the first event on its subject, or behind a release. Nobody else may use it meanwhile. */
export const PaymentAccepted = defineEvent({
  type: 'PaymentAccepted',
  family: 'account',
  data: z.object({
    /** Of the transaction, base58. */
    signature: z.string(),
    wallet: z.string(),
    /** WATT that reached the recipient. */
    amount: z.number(),
    requestId: z.string(),
  }),
});
