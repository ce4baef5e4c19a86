import { shardOf, type EventData, type JobEvent, type JobSpecChanges } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { foldDecisions, Frontier, specDiff, withChanges, type HashKey, type JobState } from '#libs/job';
import type { Bodies, Clock, EventLog, LogBatch, ProxyCheck } from '#libs/engine/ports';
import { appendDecision } from '../jobs/append-decision.js';
import { copyHistory } from './copy-history.js';

export interface ForkDeps {
  eventLog: EventLog;
  clock: Pick<Clock, 'now'>;
  hashKey: HashKey;
  /** Without it no body comes along. */
  bodies?: Pick<Bodies, 'link'> | undefined;
  /** Tries the way before a job with a proxy is forked. */
  proxyCheck?: ProxyCheck | undefined;
}

export interface ForkRequest {
  commandId: string;
  reason?: string | undefined;
  /** Last sequence of the parent's history that comes along; default: all that it has now. */
  at?: number | undefined;
  changes?: JobSpecChanges | undefined;
  owner?: string | undefined;
  /** Id of the new job. With the id of a fork that was interrupted, that one is finished. */
  child: string;
  onProgress?: ((events: number) => void) | undefined;
}

/** A new job whose history begins with another one's up to a point. The parent is only read. */
export class ForkJob {
  constructor(private readonly deps: ForkDeps) {}

  /**
   * @returns the sequence of JobForked in the child's history
   * @throws SpoorError job_not_found, impossible_transition, invalid_request, conflict; the proxy's own code when its way is closed
   */
  async run(parentId: string, request: ForkRequest): Promise<number> {
    const { child, commandId, reason, owner, changes } = request;
    const before = await this.stateOf(child);
    const done = before?.commands.get(commandId);
    if (done !== undefined) return done;
    const upTo = await this.pointOf(parentId, request, before);
    const { spec } = await this.parentAt(parentId, upTo);
    const changed = withChanges(spec, changes);
    await this.checkProxy(parentId, child, upTo, changed);

    const { eventLog, bodies } = this.deps;
    const source = {
      ...{ jobId: parentId, upTo },
      entries: this.history(parentId, upTo),
      bringBody: async (to: string, sha256: string) => (await bodies?.link(parentId, to, sha256)) ?? false,
    };
    const counts = await copyHistory(eventLog, source, child, request.onProgress);
    // A parent that was removed meanwhile was purged while it was read.
    await this.parentAt(parentId, upTo);
    const diff = specDiff(spec, changed);
    const copy: Omit<EventData<'JobForked'>, 'commandId' | 'reason' | 'copiedFrom' | 'run' | 'owner'> = {
      ...{ parent: { jobId: parentId, seq: upTo }, ...counts },
      ...(changes ? { changes } : {}),
      ...(diff.length > 0 ? { diff } : {}),
    };
    const state = await this.stateOf(child);
    return appendDecision(this.deps, child, state, { type: 'fork', commandId, reason, owner, copy });
  }

  private async stateOf(jobId: string): Promise<JobState | null> {
    return foldDecisions(await this.deps.eventLog.readDecisions(jobId, { bulk: false }));
  }

  private async pointOf(
    parentId: string,
    { at, child }: ForkRequest,
    before: JobState | null,
  ): Promise<number> {
    const { lastSeq } = await this.deps.eventLog.head(shardOf(parentId));
    if (at !== undefined && at > lastSeq)
      throw new SpoorError('invalid_request', `at: the log ends at ${lastSeq}, before ${at}`, {
        field: 'at',
      });
    if (!before) return at ?? lastSeq;
    const { copying } = before;
    if (copying?.jobId !== parentId || (at ?? copying.upTo) !== copying.upTo)
      throw new SpoorError('conflict', `Job ${child} exists already, with another history.`, {
        field: 'jobId',
        hint: 'Leave the id out to have a new one.',
      });
    return copying.upTo;
  }

  /** What the parent's decisions up to there make of it. */
  private async parentAt(parentId: string, upTo: number): Promise<JobState> {
    const decisions = await this.deps.eventLog.readDecisions(parentId, { bulk: false });
    const now = foldDecisions(decisions);
    if (!now) throw new SpoorError('job_not_found', `There is no job ${parentId}.`);
    if (now.status === 'removed')
      throw new SpoorError('impossible_transition', `Job ${parentId} cannot be forked: it was removed.`);
    if (now.copying)
      throw new SpoorError(
        'impossible_transition',
        `Job ${parentId} cannot be forked: it is a copy of ${now.copying.jobId} that is not finished.`,
      );
    const first: JobEvent = decisions[0]!;
    const then = foldDecisions(decisions.filter(({ seq }) => seq <= upTo));
    if (!then)
      throw new SpoorError('invalid_request', `at: job ${parentId} begins at ${first.seq}, behind ${upTo}`, {
        field: 'at',
      });
    return then;
  }

  /** As with a resume: a fork through a proxy that does not work would be one more job that stops at once. */
  private async checkProxy(
    parentId: string,
    child: string,
    upTo: number,
    spec: JobState['spec'],
  ): Promise<void> {
    if (!spec.proxy) return;
    const frontier = new Frontier(parentId, this.deps.hashKey);
    for await (const entries of this.history(parentId, upTo))
      for (const entry of entries) if (!('unreadable' in entry)) frontier.apply(entry);
    const next = frontier.nextOpen?.url;
    if (next === undefined) return;
    if (!this.deps.proxyCheck)
      throw new SpoorError('internal', `The proxy of job ${parentId} cannot be tried here.`);
    const found = await this.deps.proxyCheck.check(child, spec.proxy, next);
    if (!found.ok)
      throw new SpoorError(found.code, `Job ${parentId} was not forked: ${found.message}`, {
        hint: found.hint,
      });
  }

  private async *history(jobId: string, upTo: number): AsyncGenerator<LogBatch['entries']> {
    for await (const { entries } of this.deps.eventLog.readJob(jobId)) {
      const wanted = entries.filter(({ seq }) => seq <= upTo);
      yield wanted;
      if (wanted.length < entries.length) return;
    }
  }
}
