export { appendDecision } from './append-decision.js';
export { JobFolds, type JobReport } from './job-folds.js';
export {
  JobService,
  type CommandAnswer,
  type CommandOptions,
  type ForkAnswer,
  type ForkOptions,
  type JobServiceDeps,
  type RequeueAnswer,
  type RequeueOptions,
  type ResumeAnswer,
  type ResumeOptions,
} from './job-service.js';
export type { ResumePlan } from './resume-job.js';
