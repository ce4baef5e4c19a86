export { ReadinessCheck, type Readiness } from './readiness.js';
export { ReadinessModule } from './readiness.module.js';
export { readyBody } from './ready-body.js';
export { SCRAPE, type Scrape } from './monitoring.module.js';
export { startMonitoring, type MonitoringOptions } from './start-monitoring.js';
