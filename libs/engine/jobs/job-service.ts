import { jobId as makeJobId, shardOf, isJobId } from '#libs/events';
import type { JobSpec } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { foldDecisions, resolveChanges, resolveSpec } from '#libs/job';
import type { JobCommand, JobState, JobStatus } from '#libs/job';
import { ConflictError, type Clock, type EventLog } from '#libs/engine/ports';
import { appendDecision } from './append-decision.js';

/** Racing commands are decided again on what the winner left; so many losses in a row mean that something is wrong. */
const MAX_CONFLICTS = 100;

export interface JobServiceDeps {
  eventLog: EventLog;
  clock: Pick<Clock, 'now'>;
  /** Lower-case letters and digits, 8 to 40 of them, unique for ever. */
  newId: () => string;
  shards: number;
}

export interface CommandOptions {
  /** Repeating a command with its id gives the first one's answer. */
  commandId?: string | undefined;
  reason?: string | undefined;
}

export interface CommandAnswer {
  jobId: string;
  status: JobStatus;
  run: number;
  generation: number;
  /** Sequence of the decision in the log. */
  seq: number;
}

/** Commands on jobs: each loads the decisions, decides, appends; the log says who was first. */
export class JobService {
  constructor(private readonly deps: JobServiceDeps) {}

  /**
   * @param input a job spec as a person wrote it
   * @throws SpoorError invalid_request with the field; conflict when `jobId` is taken by another start
   */
  async start(
    input: unknown,
    options: CommandOptions & { jobId?: string | undefined } = {},
  ): Promise<CommandAnswer & { spec: JobSpec }> {
    const { spec, start } = resolveSpec(input);
    const unique = this.deps.newId();
    const jobId = options.jobId ?? makeJobId(shardFor(unique, this.deps.shards), unique);
    const state = await this.command(
      jobId,
      (commandId) => ({ type: 'start', commandId, spec, start }),
      options,
    );
    return { ...this.answer(jobId, state.state, state.seq), spec: state.state.spec };
  }

  async pause(jobId: string, options: CommandOptions = {}): Promise<CommandAnswer> {
    return this.run(jobId, (ref) => ({ type: 'pause', ...ref }), options);
  }

  async stop(jobId: string, options: CommandOptions = {}): Promise<CommandAnswer> {
    return this.run(jobId, (ref) => ({ type: 'stop', ...ref }), options);
  }

  /** @param options.changes what the new run does differently, as a person wrote it */
  async resume(jobId: string, options: CommandOptions & { changes?: unknown } = {}): Promise<CommandAnswer> {
    const changes = options.changes === undefined ? undefined : resolveChanges(options.changes);
    return this.run(jobId, (ref) => ({ type: 'resume', ...ref, changes }), options);
  }

  async restart(jobId: string, options: CommandOptions = {}): Promise<CommandAnswer> {
    return this.run(jobId, (ref) => ({ type: 'restart', ...ref }), options);
  }

  async remove(jobId: string, options: CommandOptions = {}): Promise<CommandAnswer> {
    return this.run(jobId, (ref) => ({ type: 'remove', ...ref }), options);
  }

  /** The fold of the job's decisions now; null when there is no such job. */
  async state(jobId: string): Promise<JobState | null> {
    if (!isJobId(jobId) || shardOf(jobId) >= this.deps.shards) return null;
    return foldDecisions(await this.deps.eventLog.readDecisions(jobId, { bulk: false }));
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
