export { createScraper, type Scraper, type ScraperOptions } from './create-scraper.js';
export { openNode, type NodeResources } from './open-node.js';
