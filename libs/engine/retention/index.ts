export { RemoveJob, type RemoveJobDeps } from './remove-job.js';
export { RetentionSweep, type RetentionOptions } from './retention-sweep.js';
