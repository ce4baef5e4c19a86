export { Worker, type WorkerOptions } from './worker.js';
export type { FailPoint, WorkerDeps } from './deps.js';
export type { RunEnd } from './ended-runs.js';
