import { allows, type ApiKey } from '#libs/accounts';
import { isJobId, jobId as makeJobId, shardOf } from '#libs/events';
import { ScrapeError, SpoorError } from '#libs/failures';
import type { JobService } from '../../jobs/index.js';
import type { EventLog, LimitVerdict, RateLimits } from '../../ports/index.js';
import { admitScrapes, admitStranger } from '../admission.js';
import { BatchFold } from './batch-fold.js';
import { resultAt, type BatchResult, type ResultDeps } from './batch-result.js';
import { batchSpec, type BatchOptions } from './batch-spec.js';
import { readBatch } from './read-batch.js';

export interface BatchDeps extends ResultDeps {
  jobs: Pick<JobService, 'start' | 'state' | 'newJobId'>;
  eventLog: Pick<EventLog, 'readJob'>;
  findKey: (presented: string) => Promise<ApiKey | null>;
  limits: RateLimits;
  options: BatchOptions;
}

export interface BatchCall {
  body: Readonly<Record<string, unknown>>;
  apiKey: string | undefined;
  address: string;
  /** Of a call that may be repeated: the same ids each time, within its key. */
  ids?: ((keyId: string) => { jobId?: string; commandId?: string }) | undefined;
}

export interface BatchView {
  batchId: string;
  fold: BatchFold;
}

/** Content of so many characters ends a page of results. */
const PAGE_CHARS = 8 * 1024 * 1024;
const PREFIX = 'batch';

/** Names batches among jobs, so that they are found without a look into each. */
export const isBatchId = (id: string): boolean =>
  isJobId(id) && id.slice(id.indexOf('-') + 1).startsWith(PREFIX);

/** Batches of scrapes. Each is a job like any other: what runs, crashes, retries and tells of jobs does so of batches. */
export class ScrapeBatches {
  constructor(private readonly deps: BatchDeps) {}

  /**
   * @param onLimit told as soon as the key's limit is known, also when the call is refused by it
   * @throws ScrapeError, SpoorError invalid_request; conflict when the repeat has another body
   */
  async start(call: BatchCall, onLimit: (verdict: LimitVerdict) => void): Promise<BatchView> {
    const urls = readBatch(call.body);
    const key = await this.keyOf(call);
    const { jobId, commandId } = call.ids?.(key.keyId) ?? {};
    const batchId = asBatchId(jobId ?? this.deps.jobs.newJobId());
    const before = jobId === undefined ? null : await this.deps.jobs.state(batchId);
    // What was counted when it was asked for first is not counted again.
    if (before === null) {
      const wanted = urls.filter(({ refused }) => !refused).map(({ url }) => url);
      await admitScrapes(this.deps.limits, key, wanted, onLimit);
    }
    const spec = batchSpec(urls, this.deps.options);
    const scrape = { tier: key.tier, urls };
    await this.deps.jobs.start(spec, { jobId: batchId, commandId, owner: key.keyId, scrape });
    return this.look(batchId, key);
  }

  /** @throws ScrapeError missing_payment, invalid_api_key, rate_limit_exceeded */
  async keyOf({ apiKey, address }: Pick<BatchCall, 'apiKey' | 'address'>): Promise<ApiKey> {
    const key = apiKey === undefined ? null : await this.deps.findKey(apiKey);
    if (key && allows(key, 'scrape')) return key;
    if (key === null) await admitStranger(this.deps.limits, address);
    if (apiKey !== undefined) throw new ScrapeError('invalid_api_key');
    throw new ScrapeError('missing_payment', 'A batch takes an API key; payments are for single scrapes', {
      methods: ['api_key'],
    });
  }

  /** Where a batch stands now. @throws SpoorError job_not_found, also when it is another key's */
  async look(batchId: string, key: ApiKey): Promise<BatchView> {
    await this.check(batchId, key);
    const fold = new BatchFold();
    for await (const { entries } of this.deps.eventLog.readJob(batchId, { bulk: false }))
      for (const entry of entries) fold.apply(entry);
    if (!fold.batch) throw noBatch();
    return { batchId, fold };
  }

  /** Results from a place on, in order, those that there are; fewer when they are long. */
  async results({ fold }: BatchView, from: number): Promise<{ results: BatchResult[]; next: number | null }> {
    const results: BatchResult[] = [];
    let chars = 0;
    for (let index = from; index < (fold.batch?.urls.length ?? 0); index++) {
      if (chars >= PAGE_CHARS) return { results, next: index };
      const result = await resultAt(fold, index, this.deps);
      if (!result) continue;
      results.push(result);
      chars += result.outcome.ok ? lengthOf(result.outcome.content.content) : 0;
    }
    return { results, next: null };
  }

  /**
   * What happens to a batch, from behind a sequence on until nothing more does. Read from the beginning, which is short: what a
   * place was wanted as stands in the first event.
   */
  async *follow(
    batchId: string,
    key: ApiKey,
    behind: number,
    signal: AbortSignal,
  ): AsyncGenerator<BatchNews> {
    await this.check(batchId, key);
    const fold = new BatchFold();
    const options = { bulk: false, follow: true, signal };
    for await (const { entries, caughtUp } of this.deps.eventLog.readJob(batchId, options)) {
      for (const entry of entries) {
        const ended = fold.apply(entry);
        const { seq } = entry;
        if (seq <= behind) continue;
        if (ended.length > 0) yield { kind: 'results', seq, fold, results: await this.at(fold, ended) };
        if (fold.statusSeq === seq) yield { kind: 'status', seq, fold };
      }
      if (caughtUp && fold.isOver) return;
    }
  }

  private async at(fold: BatchFold, indices: readonly number[]): Promise<BatchResult[]> {
    const results = await Promise.all(indices.map((index) => resultAt(fold, index, this.deps)));
    return results.filter((result) => result !== null);
  }

  private async check(batchId: string, key: ApiKey): Promise<void> {
    const state = isBatchId(batchId) ? await this.deps.jobs.state(batchId) : null;
    if (!state || (state.owner !== key.keyId && !allows(key, 'admin'))) throw noBatch();
  }
}

/** The fold goes on with the next one. */
export type BatchNews = { seq: number; fold: BatchFold } & (
  { kind: 'results'; results: BatchResult[] } | { kind: 'status' }
);

const lengthOf = (content: unknown): number =>
  typeof content === 'string' ? content.length : JSON.stringify(content).length;

const asBatchId = (id: string): string => makeJobId(shardOf(id), PREFIX + id.slice(id.indexOf('-') + 1));

const noBatch = (): SpoorError =>
  new SpoorError('job_not_found', 'There is no such batch.', {
    hint: 'Check the id, and the key that asked for it.',
  });
