export { PromMetrics, type ApiRequest } from './prom-metrics.js';
export { HivePromMetrics, type HiveReading, type ScopeReading } from './hive-metrics.js';
