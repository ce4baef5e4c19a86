export { isError, type LogFinding, type LogFindingCode } from './finding.js';
export { verifyLog, type ShardReport, type VerifyDeps, type VerifyReport } from './verify-log.js';
