import { z } from 'zod';
import { defineEvent } from '../define.js';
import { caller } from './scrape-served.js';

/** A known caller got an error instead of content. Strangers leave no event: nobody may fill the log without a name. */
export const ScrapeRefused = defineEvent({
  type: 'ScrapeRefused',
  family: 'account',
  data: z.object({
    ...caller,
    /** Code of the scrape endpoint. */
    code: z.string(),
    statusCode: z.int().nullable(),
  }),
});
