import { z } from 'zod';
import { TIERS } from './accounts/key-created.js';

const batchUrl = z.object({
  url: z.string(),
  format: z.enum(['html', 'json', 'text']),
  /** Of what was no URL to begin with: a code of the scrape endpoint. It is not fetched. */
  refused: z.object({ code: z.string(), message: z.string() }).optional(),
});

/** What one call of the scrape endpoint asked for, in its order. The job fetches each URL once, whatever forms it is wanted in. */
export const scrapeBatch = z.object({ tier: z.enum(TIERS), urls: z.array(batchUrl) });

export type ScrapeBatch = z.output<typeof scrapeBatch>;
export type BatchUrl = z.output<typeof batchUrl>;
