export { createBrowsers, type BrowsersOptions } from './launch.js';
