export { PromMetrics, type ApiRequest } from './prom-metrics.js';
