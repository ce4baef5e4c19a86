import { randomInt } from 'node:crypto';
import { jobId as makeJobId, shardOf, isJobId, type JobSpec } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { foldDecisions, positionOf, resolveChanges, resolveSpec } from '#libs/job';
import type { HashKey, JobCommand, JobState, PageSelection } from '#libs/job';
import { ConflictError, type Bodies, type EventLog } from '#libs/engine/ports';
import { ForkJob } from '../copies/fork-job.js';
import type { RemoveJob } from '../retention/remove-job.js';
import { appendDecision } from './append-decision.js';
import { JobFolds, type JobReport, type JobView } from './job-folds.js';
import type {
  CommandAnswer,
  CommandOptions,
  ForkAnswer,
  ForkOptions,
  RequeueAnswer,
  RequeueOptions,
  ResumeAnswer,
  ResumeOptions,
  StartOptions,
} from './job-requests.js';
import { RequeueJob, shownOf, type RequeueJobDeps } from './requeue-job.js';
import { ResumeJob, type ResumePlan } from './resume-job.js';

/** Racing commands are decided again on what the winner left; so many losses in a row mean that something is wrong. */
const MAX_CONFLICTS = 100;

export interface JobServiceDeps extends RequeueJobDeps {
  eventLog: EventLog;
  /** Lower-case letters and digits, 8 to 40 of them, unique for ever. */
  newId: () => string;
  shards: number;
  /** The trace of whoever commands, for the events and logs that follow from it. */
  trace?: (() => string) | undefined;
  /** Bodies that a fork takes along. */
  bodies?: Pick<Bodies, 'link'> | undefined;
  /** Without it no job is removed here. */
  removal?: Pick<RemoveJob, 'run'> | undefined;
  /** Default: one that this process draws. */
  hashKey?: HashKey | undefined;
}

const drawHashKey = (): HashKey => [randomInt(2 ** 32) | 0, randomInt(2 ** 32) | 0];

/** Commands on jobs: each loads the decisions, decides, appends; the log says who was first. */
export class JobService {
  private readonly folds: JobFolds;
  private readonly resuming: ResumeJob;
  private readonly forking: ForkJob;
  private readonly requeueing: RequeueJob;

  constructor(private readonly deps: JobServiceDeps) {
    const { eventLog, clock, proxyCheck, bodies, hashKey = drawHashKey() } = deps;
    this.forking = new ForkJob({ eventLog, clock, proxyCheck, bodies, hashKey });
    this.requeueing = new RequeueJob(deps);
    this.folds = new JobFolds(eventLog, hashKey);
    this.resuming = new ResumeJob({
      trace: deps.trace,
      eventLog,
      clock,
      proxyCheck,
      state: (jobId) => this.known(jobId, this.state(jobId)),
      position: async (jobId) => (await this.known(jobId, this.report(jobId))).position,
    });
  }

  /**
   * @param input a job spec as a person wrote it
   * @throws SpoorError invalid_request with the field; conflict when `jobId` is taken by another start
   */
  async start(input: unknown, options: StartOptions = {}): Promise<CommandAnswer & { spec: JobSpec }> {
    const { spec, start } = resolveSpec(input);
    const jobId = options.jobId ?? this.newJobId();
    const state = await this.command(
      jobId,
      (commandId) => ({
        type: 'start',
        commandId,
        spec,
        start,
        owner: options.owner,
        scrape: options.scrape,
      }),
      options,
    );
    return { ...this.answer(jobId, state.state, state.seq), spec: state.state.spec };
  }

  /** The id of a job that is still to be started. */
  newJobId(): string {
    const unique = this.deps.newId();
    return makeJobId(shardFor(unique, this.deps.shards), unique);
  }

  async pause(jobId: string, options: CommandOptions = {}): Promise<CommandAnswer> {
    return this.run(jobId, (ref) => ({ type: 'pause', ...ref }), options);
  }

  async stop(jobId: string, options: CommandOptions = {}): Promise<CommandAnswer> {
    return this.run(jobId, (ref) => ({ type: 'stop', ...ref }), options);
  }

  /**
   * Tries the way through the proxy as it is now first; when it is not open nothing is appended.
   * @throws SpoorError invalid_request with the field; impossible_transition; the proxy's own code
   */
  async resume(jobId: string, options: ResumeOptions = {}): Promise<ResumeAnswer> {
    const seq = await this.resuming.run(jobId, this.resumeRequest(options));
    const decisions = await this.eventsOf(jobId);
    const resumed = decisions.find((event) => event.seq === seq);
    const answer = this.answer(jobId, foldDecisions(decisions)!, seq);
    if (resumed?.type !== 'JobResumed') return answer;
    const { done, remaining, lastPage, nextPage, diff } = resumed.data;
    return { ...answer, done, remaining, lastPage, nextPage, diff };
  }

  /** What a resume would do now; changes nothing. @throws SpoorError as `resume`, but for the proxy, which is in the answer */
  async planResume(jobId: string, options: ResumeOptions = {}): Promise<ResumePlan> {
    return this.resuming.plan(jobId, this.resumeRequest(options));
  }

  async restart(jobId: string, options: CommandOptions = {}): Promise<CommandAnswer> {
    return this.run(jobId, (ref) => ({ type: 'restart', ...ref }), options);
  }

  /**
   * Pages with an outcome are fetched again, with their attempts from 0; the job runs. The new outcome takes the place of the old.
   * @param options either `filter` or `urls`, as a person wrote it
   * @throws SpoorError invalid_request with the field, also when nothing matches; impossible_transition; store_unavailable;
   * the proxy's own code when the job does not run and the way through its proxy is not open
   */
  async requeue(jobId: string, options: RequeueOptions): Promise<RequeueAnswer> {
    const { commandId = this.deps.newId(), reason } = options;
    const before = await this.known(jobId, this.state(jobId));
    if (!before.commands.has(commandId)) {
      const pages = await this.requeueing.choose(jobId, before, options);
      await this.command(jobId, () => ({ type: 'requeue', commandId, reason, ...pages }), { commandId });
    }
    const decisions = await this.deps.eventLog.readDecisions(jobId);
    const event = decisions.find(({ data }) => data.commandId === commandId);
    if (event?.type !== 'PagesRequeued')
      throw new SpoorError('conflict', `Another command on job ${jobId} has the id of this one.`);
    return {
      ...this.answer(jobId, foldDecisions(decisions)!, event.seq),
      ...shownOf(event.data.urls),
    };
  }

  /** The pages that a requeue would open now; changes nothing. @throws SpoorError as `requeue` */
  async planRequeue(jobId: string, selection: PageSelection): Promise<{ pages: number; urls: string[] }> {
    const state = await this.known(jobId, this.state(jobId));
    return shownOf((await this.requeueing.select(jobId, state, selection)).urls);
  }

  /**
   * A new job whose history begins with another one's, up to a point; it fetches what is missing there. The other one is only read,
   * and may be running. Repeated with the same `jobId` it finishes what was interrupted.
   * @throws SpoorError job_not_found, invalid_request, impossible_transition, conflict; the proxy's own code when its way is closed
   */
  async fork(parentId: string, options: ForkOptions = {}): Promise<ForkAnswer> {
    await this.known(parentId, this.state(parentId));
    const { jobId: child = this.newJobId(), commandId = this.deps.newId() } = options;
    if (!this.isPossible(child))
      throw new SpoorError('invalid_request', `jobId: ${child} is no job id here`, { field: 'jobId' });
    const { at, reason, owner, onProgress } = options;
    const changes = options.changes === undefined ? undefined : resolveChanges(options.changes);
    const seq = await this.forking.run(parentId, {
      commandId,
      child,
      at,
      reason,
      owner,
      changes,
      onProgress,
    });
    const decisions = await this.eventsOf(child);
    const forked = decisions.find((event) => event.seq === seq);
    if (forked?.type !== 'JobForked')
      throw new SpoorError('conflict', `Another command on job ${child} has the id of this one.`);
    const { parent, events, bodies, diff } = forked.data;
    const { position } = await this.known(child, this.report(child));
    const answer = this.answer(child, foldDecisions(decisions)!, seq);
    return { ...answer, parent, events, bodies, diff, position };
  }

  /**
   * The job's history, long lists and bodies go; a tombstone stays. Repeated it finishes what was interrupted.
   * @param expectedSeq the job's last decision that whoever asks has seen; default: whatever it is
   * @throws SpoorError job_not_found; impossible_transition when it is running; conflict when it is not at `expectedSeq` any more
   */
  async remove(
    jobId: string,
    options: CommandOptions & { expectedSeq?: number } = {},
  ): Promise<CommandAnswer> {
    if (!this.deps.removal) throw new SpoorError('internal', 'Jobs cannot be removed here.');
    await this.known(jobId, this.state(jobId));
    const { commandId = this.deps.newId(), reason, expectedSeq } = options;
    const seq = await this.deps.removal.run(jobId, { commandId, reason }, expectedSeq);
    return this.answer(jobId, (await this.state(jobId))!, seq);
  }

  /** The fold of the job's decisions now; null when there is no such job. */
  async state(jobId: string): Promise<JobState | null> {
    return this.isPossible(jobId) ? foldDecisions(await this.eventsOf(jobId)) : null;
  }

  /**
   * What the job is and how far it has come, exact at this moment; the first look at a job reads its whole history. Null when
   * there is no such job.
   */
  async report(jobId: string): Promise<JobReport | null> {
    return this.look(jobId, (frontier) => ({ state: frontier.state!, position: positionOf(frontier) }));
  }

  /** What `view` makes of the fold of the job's whole history, at this moment. Null when there is no such job. */
  async look<T>(jobId: string, view: JobView<T>): Promise<T | null> {
    return this.isPossible(jobId) ? this.folds.look(jobId, view) : null;
  }

  /** @throws SpoorError job_not_found */
  private async known<T>(jobId: string, looked: Promise<T | null>): Promise<T> {
    const found = await looked;
    if (found !== null) return found;
    throw new SpoorError('job_not_found', `There is no job ${jobId}.`);
  }

  private isPossible(jobId: string): boolean {
    return isJobId(jobId) && shardOf(jobId) < this.deps.shards;
  }

  private eventsOf(jobId: string): ReturnType<EventLog['readDecisions']> {
    return this.deps.eventLog.readDecisions(jobId, { bulk: false });
  }

  private resumeRequest({ changes, commandId = this.deps.newId(), reason }: ResumeOptions) {
    return { commandId, reason, changes: changes === undefined ? undefined : resolveChanges(changes) };
  }

  private async run(
    jobId: string,
    make: (ref: { commandId: string; reason?: string | undefined }) => JobCommand,
    options: CommandOptions,
  ): Promise<CommandAnswer> {
    const { state, seq } = await this.command(
      jobId,
      (commandId) => make({ commandId, reason: options.reason }),
      options,
    );
    return this.answer(jobId, state, seq);
  }

  private answer(jobId: string, state: JobState, seq: number): CommandAnswer {
    return { jobId, status: state.status, run: state.run, generation: state.generation, seq };
  }

  private async command(
    jobId: string,
    make: (commandId: string) => JobCommand,
    { commandId = this.deps.newId() }: CommandOptions,
  ): Promise<{ state: JobState; seq: number }> {
    const command = make(commandId);
    for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
      try {
        const seq = await appendDecision(this.deps, jobId, await this.state(jobId), command);
        return { state: (await this.state(jobId))!, seq };
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
      }
    }
    throw new SpoorError('conflict', `Too many commands at once on job ${jobId}; try again.`);
  }
}

/** Spreads jobs over shards by their own id, so that no counter is shared. */
function shardFor(unique: string, shards: number): number {
  let sum = 0;
  for (const char of unique) sum = (sum * 31 + char.charCodeAt(0)) >>> 0;
  return sum % shards;
}
