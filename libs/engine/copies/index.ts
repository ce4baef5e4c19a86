export { copyHistory, type CopiedCounts, type CopySource } from './copy-history.js';
export { ForkJob, type ForkRequest } from './fork-job.js';
