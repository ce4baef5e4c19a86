import { SpoorError } from '#libs/failures';
import { proxyFailure } from '#libs/job';
import { appendDecision } from '../jobs/index.js';
import { ConflictError, type ProxyProblem } from '../ports/index.js';
import type { WorkerDeps } from './deps.js';
import { hold, isPassing } from './hold.js';
import type { KnownJob } from './job-cache.js';
import type { PageTry } from './outcome.js';

/**
 * Ends the run because its proxy failed, on the state that came with the task: of many tries that meet the failure together one
 * is recorded. True when it is; false when somebody decided something else first.
 */
export async function failJob(
  { batch, task }: PageTry,
  problem: ProxyProblem,
  { state }: KnownJob,
  deps: WorkerDeps,
  signal: AbortSignal,
): Promise<boolean> {
  if (!state) return false;
  const { jobId, run } = batch;
  const failure = proxyFailure(jobId, state.spec, { ...problem, url: task.url, attempt: task.attempt });
  const command = { type: 'fail-proxy' as const, commandId: `proxy-failed-${run}`, run, failure };
  try {
    await hold(() => appendDecision(deps, jobId, state, command), deps, signal, isPassing);
    return true;
  } catch (error) {
    if (error instanceof ConflictError || (error instanceof SpoorError && error.failure.http === 409))
      return false;
    throw error;
  }
}
