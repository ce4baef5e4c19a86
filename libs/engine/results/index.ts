export { JobResults, type JobSummary } from './job-results.js';
export type { ResultLine } from './result-line.js';
