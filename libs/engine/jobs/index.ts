export { appendDecision } from './append-decision.js';
export { JobFolds, type JobReport } from './job-folds.js';
export type {
  CommandAnswer,
  CommandOptions,
  ForkAnswer,
  ForkOptions,
  RequeueAnswer,
  RequeueOptions,
  ResumeAnswer,
  ResumeOptions,
} from './job-requests.js';
export { JobService, type JobServiceDeps } from './job-service.js';
export type { ResumePlan } from './resume-job.js';
