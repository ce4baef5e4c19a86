export { finding, findingCodes, findingKinds, type Finding, type FindingCode } from './findings.js';
export { HealthWatch, type HealthWatchDeps, type HealthWatchOptions } from './health-watch.js';
export { fullest, isFull } from './judge-room.js';
export type { HealthReport, ShardReport } from './report.js';
