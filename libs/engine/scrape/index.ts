export {
  fetchContent,
  SCRAPE_LIMITS,
  type Content,
  type ContentDeps,
  type ContentOptions,
} from './fetch-content.js';
export { FORMATS, type ScrapeFormat } from './read-request.js';
export {
  ScrapeService,
  type PaymentTerms,
  type ScrapeCall,
  type Scraped,
  type ScrapeDeps,
} from './scrape-service.js';
export { Payments, type Claim, type PaymentsDeps } from './payments.js';
