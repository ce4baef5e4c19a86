export { appendDecision } from './append-decision.js';
export { JobService, type CommandAnswer, type CommandOptions, type JobServiceDeps } from './job-service.js';
