export type { Failure } from './failure.js';
export { failures, isFailureCode, type FailureCode } from './table.js';
export { SpoorError } from './errors.js';
export { proxyFailures, type ProxyFailureCode } from './proxy-table.js';
export {
  connectFailure,
  forwardFailure,
  providerHint,
  proxyMessage,
  vendorTextOf,
  type ProxyAnswer,
  type ProxyProvider,
} from './proxy-answer.js';
export {
  ScrapeError,
  scrapeFailures,
  type ScrapeCode,
  type ScrapeDetails,
  type ScrapeFailure,
} from './scrape-table.js';
export {
  FETCH_CODES,
  isRefused,
  scrapeErrorOf,
  scrapeErrorTold,
  scrapeErrorOfStatus,
} from './scrape-of-fetch.js';
