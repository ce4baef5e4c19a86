export { startDemoProxy, type DemoProxy, type DemoProxyEntry, type DemoProxyOptions } from './demo-proxy.js';
export { DEMO_FAULTS, type DemoFault } from './faults.js';
export { PagedSite, type PagedSiteOptions } from './paged-site.js';
