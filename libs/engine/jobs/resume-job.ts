import { SpoorError } from '#libs/failures';
import { decide, resumedFrom, specDiff, withChanges } from '#libs/job';
import type { JobPosition, JobState, SpecChange } from '#libs/job';
import type { JobSpecChanges } from '#libs/events';
import {
  ConflictError,
  type Clock,
  type EventLog,
  type ProxyCheck,
  type ProxyProblem,
} from '#libs/engine/ports';
import { appendDecision } from './append-decision.js';
import { preflight, refusedBy } from './preflight.js';

/** Racing commands are decided again on what the winner left; so many losses in a row mean that something is wrong. */
const MAX_CONFLICTS = 100;

export interface ResumeDeps {
  eventLog: EventLog;
  clock: Pick<Clock, 'now'>;
  trace?: (() => string) | undefined;
  proxyCheck?: ProxyCheck | undefined;
  /** @throws SpoorError job_not_found */
  state(jobId: string): Promise<JobState>;
  position(jobId: string): Promise<JobPosition>;
}

export interface ResumeRequest {
  commandId: string;
  reason?: string | undefined;
  changes?: JobSpecChanges | undefined;
}

/** What a resume would do now. */
export interface ResumePlan {
  position: JobPosition;
  /** What the new run would do differently. */
  diff: SpecChange[];
  /** How the way through the proxy to the next page's host was found; null when there is no proxy, or no page to fetch. */
  proxy: { ok: true; ms: number } | ProxyProblem | null;
  isWayOpen: boolean;
}

/** Look, try the way, append: what is refused leaves nothing behind. */
export class ResumeJob {
  constructor(private readonly deps: ResumeDeps) {}

  /** Changes nothing. @throws SpoorError impossible_transition, job_not_found */
  async plan(jobId: string, request: ResumeRequest): Promise<ResumePlan> {
    const state = await this.deps.state(jobId);
    decide(jobId, state, { type: 'resume', ...request });
    return this.planOn(state, jobId, request);
  }

  /**
   * @returns the sequence of the decision
   * @throws SpoorError impossible_transition, job_not_found, conflict; the proxy's own code when the way is not open
   */
  async run(jobId: string, request: ResumeRequest): Promise<number> {
    for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
      const state = await this.deps.state(jobId);
      // Before the proxy is tried: what cannot be, or was done already, needs no way.
      const decision = decide(jobId, state, { type: 'resume', ...request });
      if (decision.kind === 'already') return decision.seq;
      const { position, diff, proxy } = await this.planOn(state, jobId, request);
      if (proxy?.ok === false) throw refusedBy(proxy, `Job ${jobId} was not resumed`);
      const command = { type: 'resume' as const, ...request, diff, from: resumedFrom(position) };
      try {
        return await appendDecision(this.deps, jobId, state, command);
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
    }
    throw new SpoorError('conflict', `Too many commands at once on job ${jobId}; try again.`);
  }

  private async planOn(state: JobState, jobId: string, { changes }: ResumeRequest): Promise<ResumePlan> {
    const spec = withChanges(state.spec, changes);
    const position = await this.deps.position(jobId);
    const diff = specDiff(state.spec, spec);
    const proxy = await preflight(this.deps.proxyCheck, jobId, spec, position.nextUrl);
    return { position, diff, proxy, isWayOpen: proxy?.ok ?? true };
  }
}
