export { History } from './history.js';
export { chainHistory, page, record, SITE } from './chain-history.js';
