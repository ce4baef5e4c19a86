export {
  fetchContent,
  SCRAPE_LIMITS,
  type Content,
  type ContentDeps,
  type ContentOptions,
} from './fetch-content.js';
export { FORMATS, type ScrapeFormat } from './read-request.js';
export { ScrapeService, type ScrapeCall, type Scraped, type ScrapeDeps } from './scrape-service.js';
