export { findChromium, type Chromium, type ChromiumPlaces } from './chromium-binary.js';
export { createBrowsers, type BrowsersOptions } from './launch.js';
