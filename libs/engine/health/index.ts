export { CoordinatorWatch } from './coordinator-watch.js';
export { judgeDurability, type Durability } from './judge-durability.js';
export {
  finding,
  findingCodes,
  findingKinds,
  parts,
  type Finding,
  type FindingCode,
  type Part,
} from './findings.js';
export { HealthWatch, type HealthWatchDeps, type HealthWatchOptions } from './health-watch.js';
export { fullest, isFull } from './judge-room.js';
export { reportOf, type HealthReport, type ShardReport } from './report.js';
