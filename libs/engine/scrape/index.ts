export {
  fetchContent,
  SCRAPE_LIMITS,
  type Content,
  type ContentDeps,
  type ContentOptions,
} from './fetch-content.js';
export { FORMATS, type ScrapeFormat, type ScrapeRoute } from './read-request.js';
export { nodeHandler } from './nodes/node-handler.js';
export { routedFetch, type RoutedFetch } from './nodes/routed-fetch.js';
export {
  ScrapeService,
  type PaymentTerms,
  type ScrapeCall,
  type Scraped,
  type ScrapeDeps,
} from './scrape-service.js';
export { Payments, type Claim, type PaymentsDeps } from './payments.js';
export { BatchUsage, type BatchUsageDeps } from './batch/batch-usage.js';
export {
  ScrapeBatches,
  type BatchCall,
  type BatchDeps,
  type BatchNews,
  type BatchView,
} from './batch/scrape-batches.js';
export { MAX_BATCH_URLS } from './batch/read-batch.js';
export type { BatchResult } from './batch/batch-result.js';
