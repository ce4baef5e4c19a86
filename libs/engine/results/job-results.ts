import { isUnreadable } from '#libs/events';
import type { StoredEvent } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { Frontier, type FrontierCounts, type HashKey, type JobStatus } from '#libs/job';
import type { EventLog } from '#libs/engine/ports';
import { resultLine } from './result-line.js';

export interface JobSummary {
  jobId: string;
  status: JobStatus;
  run: number;
  pages: FrontierCounts;
  statusCodes: Record<string, number>;
  redirects: number;
  retries: number;
  /** Bytes received over the wire, bodies only. */
  bytes: number;
  /** Time in which the job ran, ms of the server's clock. */
  durationMs: number;
  error: { code: string; message: string; hint: string } | null;
  reason: string | null;
  /** Why pages have no usable response or were skipped, most frequent first. */
  problems: Problem[];
}

export interface Problem {
  code: string;
  count: number;
  /** One of them. */
  url: string;
}

type Outcome = StoredEvent<'PageFetched' | 'FetchFailed' | 'PageSkipped'>;
const isOutcome = (event: StoredEvent): event is Outcome =>
  event.type === 'PageFetched' || event.type === 'FetchFailed' || event.type === 'PageSkipped';

function count(problems: Map<string, Problem>, { code, url }: { code: string; url: string }): void {
  const problem = problems.get(code) ?? { code, count: 0, url };
  problem.count++;
  problems.set(code, problem);
}

/**
 * Folds a job's history into its result lines, in the order in which their outcomes were recorded, and a summary. A projection
 * like any other: the same history gives the same lines, so an interrupted file is simply written again.
 */
export class JobResults {
  constructor(
    private readonly eventLog: Pick<EventLog, 'readJob' | 'readDecisions'>,
    private readonly jobId: string,
    private readonly hashKey: HashKey,
  ) {}

  /**
   * @param write takes one JSON line, newline included; may answer a promise to be waited for
   * @throws SpoorError job_not_found
   */
  async write(write: (line: string) => void | Promise<void>): Promise<JobSummary> {
    const winners = await this.winnersOfRequeued();
    const statusCodes: Record<string, number> = {};
    const problems = new Map<string, Problem>();
    let extracts = false;
    const frontier = await this.fold(async (event, { state }) => {
      if (event.data.generation !== winners.generation) return;
      const winner = winners.seqs.get(event.data.url);
      if (winner !== undefined && winner !== event.seq) return;
      if ('code' in event.data) count(problems, event.data);
      if (event.type === 'PageSkipped') return;
      extracts = state!.spec.stages.some((s) => Object.keys(s.fields).length > 0 || s.items !== undefined);
      if (event.type === 'PageFetched')
        statusCodes[event.data.statusCode] = (statusCodes[event.data.statusCode] ?? 0) + 1;
      await write(`${JSON.stringify(resultLine(event, extracts))}\n`);
    });
    const most = [...problems.values()].sort((a, b) => b.count - a.count);
    return this.summaryOf(frontier, statusCodes, most);
  }

  /** Pages that were given back and fetched again: only the last outcome of each is a row. */
  private async winnersOfRequeued(): Promise<{ generation: number; seqs: Map<string, number> }> {
    const decisions = await this.eventLog.readDecisions(this.jobId);
    const seqs = new Map<string, number>();
    let generation = 1;
    for (const decision of decisions) {
      if (decision.type === 'JobRestarted') generation = decision.data.generation;
      if (decision.type === 'PagesRequeued') for (const url of decision.data.urls) seqs.set(url, 0);
    }
    if (seqs.size > 0)
      await this.fold((event) => {
        if (seqs.has(event.data.url)) seqs.set(event.data.url, event.seq);
      });
    return { generation, seqs };
  }

  private async fold(
    onOutcome: (event: Outcome, frontier: Frontier) => void | Promise<void>,
  ): Promise<Frontier> {
    const frontier = new Frontier(this.jobId, this.hashKey);
    for await (const { entries } of this.eventLog.readJob(this.jobId))
      for (const entry of entries) {
        if (isUnreadable(entry)) continue;
        frontier.apply(entry);
        frontier.takeOpened();
        if (frontier.closedAt === entry.seq && isOutcome(entry)) await onOutcome(entry, frontier);
      }
    if (!frontier.state) throw new SpoorError('job_not_found', `There is no job ${this.jobId}.`);
    return frontier;
  }

  private summaryOf(
    frontier: Frontier,
    statusCodes: Record<string, number>,
    problems: Problem[],
  ): JobSummary {
    const { status, run, lastError, reason, ranMs, runningSince } = frontier.state!;
    const { counts: pages, redirects, retries, receivedBytes: bytes } = frontier;
    const durationMs = ranMs + (runningSince === null ? 0 : Math.max(frontier.storedAt - runningSince, 0));
    const error = lastError && { code: lastError.code, message: lastError.message, hint: lastError.hint };
    return {
      jobId: this.jobId,
      status,
      run,
      pages,
      statusCodes,
      redirects,
      retries,
      bytes,
      durationMs,
      error,
      reason,
      problems,
    };
  }
}
