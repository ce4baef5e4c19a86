import { hostOf, subjects, type AccountEventData, type NewAccountEvent } from '#libs/events';
import { describeError } from '../../describe-error.js';
import { ConflictError, type AccountLog, type Clock, type EventLog, type Logger } from '../../ports/index.js';
import { BatchFold, type Ending } from './batch-fold.js';
import { resultAt, type BatchResult, type ResultDeps } from './batch-result.js';
import { isBatchId } from './scrape-batches.js';

export interface BatchUsageDeps extends ResultDeps {
  accounts: () => Promise<AccountLog>;
  eventLog: Pick<EventLog, 'readJob' | 'watchDecisions' | 'lastDecisions'>;
  clock: Pick<Clock, 'now' | 'sleep'>;
  logger: Logger;
  shards: number;
}

const AGAIN_MS = 1000;
const RESTS = new Set(['JobCompleted', 'JobStopped', 'ProxyFailed', 'JobPaused']);

type Counted = AccountEventData<'BatchScraped'>['results'];

/**
 * Writes what batches used into the account log when their job comes to rest, each URL once for ever: the last sequence of the batch's
 * own subject decides, however many processes do this and whenever they die. What came to rest while none ran is found at the next
 * start, behind what was written last.
 */
export class BatchUsage {
  constructor(private readonly deps: BatchUsageDeps) {}

  /** Until `signal` fires. */
  async run(signal: AbortSignal): Promise<void> {
    const shards = Array.from({ length: this.deps.shards }, (_, shard) => shard);
    await Promise.all(shards.map((shard) => this.runShard(shard, signal)));
  }

  private async runShard(shard: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.follow(shard, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.deps.logger.warn(
          { shard, error: describeError(error) },
          'use of batches is not counted; trying again',
        );
      }
      await this.deps.clock.sleep(AGAIN_MS, signal).catch(() => undefined);
    }
  }

  private async follow(shard: number, signal: AbortSignal): Promise<void> {
    // First, so that nothing comes between the two looks.
    const watch = this.deps.eventLog.watchDecisions(shard, signal);
    const last = await (await this.deps.accounts()).last(subjects.allBatches(shard));
    const counted = last?.type === 'BatchScraped' ? last.data.seq : 0;
    const rested = await this.deps.eventLog.lastDecisions(shard);
    const missed = rested.filter(
      ({ type, seq, jobId }) => seq > counted && RESTS.has(type) && isBatchId(jobId),
    );
    for (const { jobId, seq } of missed.sort((a, b) => a.seq - b.seq)) await this.count(jobId, seq);
    for await (const { type, jobId, seq } of watch)
      if (RESTS.has(type) && isBatchId(jobId)) await this.count(jobId, seq);
  }

  /** @param seq of the decision by which it came to rest */
  async count(batchId: string, seq: number): Promise<void> {
    const fold = new BatchFold();
    for await (const { entries } of this.deps.eventLog.readJob(batchId, { bulk: false }))
      for (const entry of entries) fold.apply(entry);
    const keyId = fold.state?.owner ?? null;
    // A copy was counted where it was made; a removed one cannot be told of any more.
    if (!fold.batch || fold.isCopy || keyId === null) return;
    const log = await this.deps.accounts();
    const subject = subjects.batchSubject(batchId);
    const { done, lastSeq } = await countedBefore(log, subject);
    const results = await this.newResults(fold, done);
    if (results.length === 0) return;
    const time = new Date(this.deps.clock.now()).toISOString();
    const data = { batchId, keyId, seq, results };
    const event: NewAccountEvent = {
      type: 'BatchScraped',
      id: `batch:${batchId}:${lastSeq}`,
      subject,
      time,
      data,
    };
    try {
      await log.append(event, lastSeq);
    } catch (error) {
      // Another process has counted it.
      if (!(error instanceof ConflictError)) throw error;
    }
  }

  private async newResults(fold: BatchFold, done: ReadonlySet<number>): Promise<Counted> {
    const results: Counted = [];
    for (const index of fold.batch!.urls.keys()) {
      const ending = fold.endingOf(index);
      if (ending === null || done.has(index)) continue;
      const result = await resultAt(fold, index, this.deps);
      if (result) results.push(countedOf(result, ending));
    }
    return results;
  }
}

async function countedBefore(
  log: AccountLog,
  subject: string,
): Promise<{ done: Set<number>; lastSeq: number }> {
  const done = new Set<number>();
  let lastSeq = 0;
  for await (const { events } of log.read({ only: { subject } }))
    for (const event of events) {
      lastSeq = event.seq;
      if (event.type === 'BatchScraped') for (const { index } of event.data.results) done.add(index);
    }
  return { done, lastSeq };
}

const countedOf = (
  { index, url, format, outcome }: BatchResult,
  { type, data }: Ending,
): Counted[number] => ({
  ...{ index, host: hostOf(url), format },
  code: outcome.ok ? null : outcome.error.code,
  statusCode: type === 'PageFetched' ? data.statusCode : null,
  bytes: type === 'PageFetched' ? data.receivedBytes : 0,
  durationMs: ('timing' in data && data.timing?.durationMs) || 0,
});
