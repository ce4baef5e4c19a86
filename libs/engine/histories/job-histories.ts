import { isJobId, shardOf } from '#libs/events';
import { jobAt, JobProof, type HashKey, type JobAt, type JobProofReport } from '#libs/job';
import type { EventLog } from '#libs/engine/ports';
import { explainJob, type ExplainJobDeps, type JobExplanation } from './explain-job.js';
import { beforeItBegan, entriesTo, foldTo, notThere, seqOfMoment, type HistoryLog } from './fold-to.js';
import { jobDiff, type JobDiff } from './job-diff.js';
import type { Moment } from './moment.js';

export interface JobHistoriesDeps extends Omit<ExplainJobDeps, 'eventLog'> {
  eventLog: HistoryLog & Pick<EventLog, 'readDecisions'>;
  hashKey: HashKey;
  shards: number;
}

/** What a job's history tells of any of its moments. Folds of the log alone: no database takes part. */
export class JobHistories {
  constructor(private readonly deps: JobHistoriesDeps) {}

  /** @throws SpoorError job_not_found */
  async explain(jobId: string): Promise<JobExplanation> {
    this.check(jobId);
    const explanation = await explainJob(this.deps, jobId);
    if (explanation) return explanation;
    throw notThere(jobId);
  }

  /**
   * @param at default now
   * @throws SpoorError job_not_found; invalid_request with the field `at`
   */
  async at(jobId: string, at: Moment | null = null): Promise<JobAt> {
    const { eventLog, hashKey } = this.deps;
    await this.mustBe(jobId);
    const frontier = await foldTo(eventLog, hashKey, jobId, await seqOfMoment(eventLog, jobId, at, 'at'));
    if (frontier.state) return jobAt(frontier);
    throw beforeItBegan('at');
  }

  /**
   * @param from before the job's first event: all that it became by `to`
   * @param to default now
   * @throws SpoorError job_not_found; invalid_request with the field `from` or `to`
   */
  async diff(jobId: string, from: Moment, to: Moment | null = null): Promise<JobDiff> {
    const { eventLog, hashKey } = this.deps;
    await this.mustBe(jobId);
    const fromSeq = await seqOfMoment(eventLog, jobId, from, 'from');
    const toSeq = await seqOfMoment(eventLog, jobId, to, 'to');
    return jobDiff(eventLog, hashKey, jobId, { fromSeq, toSeq });
  }

  /** @throws SpoorError job_not_found */
  async proof(jobId: string): Promise<JobProofReport> {
    const { eventLog, hashKey } = this.deps;
    this.check(jobId);
    const proof = new JobProof(jobId, hashKey);
    const toSeq = await seqOfMoment(eventLog, jobId, null, 'to');
    for await (const entry of entriesTo(eventLog, jobId, toSeq)) proof.apply(entry);
    const report = proof.report();
    if (report) return report;
    throw notThere(jobId);
  }

  private async mustBe(jobId: string): Promise<void> {
    this.check(jobId);
    if ((await this.deps.eventLog.readDecisions(jobId, { bulk: false })).length === 0) throw notThere(jobId);
  }

  private check(jobId: string): void {
    if (!isJobId(jobId) || shardOf(jobId) >= this.deps.shards) throw notThere(jobId);
  }
}
