import type { AddressInfo } from 'node:net';
import type { JobEvent, LogEntry, NewJobEvent, StoredEvent } from '#libs/events';
import type { HealthReport } from '#libs/engine/health';
import { JobHistories } from '#libs/engine/histories';
import { currentTraceparent } from '#libs/adapters/system';
import { JobService } from '#libs/engine/jobs';
import {
  ConflictError,
  type EventLog,
  type ItemRow,
  type JobFilter,
  type JobProgress,
  type JobReadOptions,
  type LogBatch,
  type ProgressFeed,
  type ReadModels,
  type ReadOptions,
} from '#libs/engine/ports';
import { TIER_LIMITS } from '#libs/accounts';
import type { ScrapeApi } from './deps.js';
import { createApi, type ApiConfig, type ApiDeps } from './index.js';

const unused = (): never => {
  throw new Error('not part of this test');
};

/** A log in memory, for tests of what the api accepts and how it answers; how it stores is tested on the real one. */
export class MemoryLog implements EventLog {
  readonly entries: LogEntry[] = [];
  readers = 0;

  add(entry: LogEntry): void {
    this.entries.push(entry);
  }

  async appendJob(event: NewJobEvent, expectedSeq: number) {
    const last = (await this.readDecisions(event.jobId)).at(-1)?.seq ?? 0;
    if (last !== expectedSeq) throw new ConflictError(event.jobId);
    const seq = this.entries.length + 1;
    this.add({ ...event, seq, storedAt: 1_700_000_000_000 + seq } as StoredEvent);
    return { seq, duplicate: false };
  }

  async readDecisions(jobId: string): Promise<JobEvent[]> {
    return this.entries.filter(
      (entry): entry is JobEvent => entry.jobId === jobId && 'commandId' in dataOf(entry),
    );
  }

  readJob(jobId: string, { type, ...options }: JobReadOptions = {}): AsyncIterable<LogBatch> {
    return this.read(
      options,
      (entry) => entry.jobId === jobId && (type === undefined || entry.type === type),
    );
  }

  readShard(_shard: number, options: ReadOptions = {}): AsyncIterable<LogBatch> {
    return this.read(options, () => true);
  }

  private async *read(
    { fromSeq = 1, follow = false, maxBatch = 500, signal }: ReadOptions,
    wanted: (entry: LogEntry) => boolean,
  ): AsyncGenerator<LogBatch> {
    this.readers++;
    try {
      for (let at = fromSeq; !signal?.aborted;) {
        const entries = this.entries.slice(at - 1, at - 1 + maxBatch);
        at += entries.length;
        const caughtUp = at > this.entries.length;
        if (entries.length > 0 || !follow) yield { entries: entries.filter(wanted), upTo: at - 1, caughtUp };
        if (caughtUp && !follow) return;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    } finally {
      this.readers--;
    }
  }

  async head() {
    return { stream: 'memory', firstSeq: 1, lastSeq: this.entries.length, bytes: 0, maxBytes: null };
  }

  publishPage = unused;
  watchDecisions = unused;
  lastDecisions = unused;
  pageEventIds = unused;

  async eventIdAt(_shard: number, seq: number) {
    return this.entries[seq - 1]?.id ?? null;
  }

  async seqAt(_shard: number, time: number) {
    return this.entries.find(({ storedAt }) => storedAt >= time)?.seq ?? this.entries.length + 1;
  }
}

const dataOf = (entry: LogEntry): object => ('data' in entry ? entry.data : {});

/** Read models that hold nothing but items; `itemsAsked` counts the pages that were read. */
export class MemoryReadModels implements ReadModels {
  itemRows: ItemRow[] = [];
  itemsAsked = 0;
  /** Reading this page of items fails. */
  itemsFailAt = -1;
  failWith: Error | null = null;
  jobsAsked: JobFilter[] = [];

  async jobs(filter: JobFilter) {
    this.jobsAsked.push(filter);
    return this.none();
  }
  async job() {
    if (this.failWith) throw this.failWith;
    return null;
  }
  async pages() {
    return this.none();
  }
  async page() {
    return null;
  }
  async items(_jobId: string, _filter: { stage?: string }, limit: number, cursor = '0') {
    if (this.itemsAsked++ === this.itemsFailAt) throw new Error('the store went away');
    const end = Number(cursor) + limit;
    const next = end < this.itemRows.length ? String(end) : null;
    return { rows: this.itemRows.slice(Number(cursor), end), next };
  }
  async evidence() {
    return this.none();
  }
  async skipped() {
    return this.none();
  }
  async withOutcome() {
    return new Set<string>();
  }
  async position() {
    return 0;
  }

  private none(): { rows: never[]; next: null } {
    if (this.failWith) throw this.failWith;
    return { rows: [], next: null };
  }
}

class SilentProgress implements ProgressFeed {
  publish(): void {}
  watch(_jobId: string | null, signal: AbortSignal): AsyncIterable<JobProgress> {
    const end = new Promise<IteratorResult<JobProgress>>((resolve) => {
      signal.addEventListener('abort', () => resolve({ done: true, value: undefined }));
    });
    return { [Symbol.asyncIterator]: () => ({ next: () => end }) };
  }
}

export const WELL: HealthReport = {
  ...{ status: 'ok', nats: 'ok', postgres: 'ok', findings: [] },
  shards: [{ shard: 0, lastSeq: 0, projected: 0, lag: 0, lagMs: 0, parked: [], allowances: [] }],
};

/** A scrape endpoint that knows keys and does nothing else. */
export const scrapeOf = (
  findKey: ScrapeApi['findKey'],
  service: ScrapeApi['service'] = { scrape: unused },
): ScrapeApi => ({
  ...{ findKey, service, usage: unused },
  batches: { start: unused, keyOf: unused, look: unused, results: unused, follow: unused },
  pricing: { methods: ['api_key'], tiers: TIER_LIMITS },
});

export async function startTestApi(config: Partial<ApiConfig> = {}, over: Partial<ApiDeps> = {}) {
  const eventLog = new MemoryLog();
  const readModels = new MemoryReadModels();
  const logged: { details: object; message: string }[] = [];
  let ids = 0;
  const newId = (): string => `job${String(++ids).padStart(8, '0')}`;
  const clock = { now: () => 1_700_000_000_000, monotonic: () => 0, sleep: () => Promise.resolve() };
  const jobs = new JobService({
    trace: currentTraceparent,
    eventLog,
    clock,
    newId,
    shards: 1,
    readModels: async () => readModels,
  });
  const log = {
    warn: (details: object, message: string) => void logged.push({ details, message }),
    error: (details: object, message: string) => void logged.push({ details, message }),
  };
  const deps: ApiDeps = {
    eventLog,
    readModels,
    jobs,
    histories: new JobHistories({
      ...{ eventLog, clock, hashKey: [1, 2], shards: 1 },
      fetchQueue: { snapshot: async () => ({ lastSeq: 0, batches: [] }) },
      lease: { holder: async () => null },
      look: (jobId, view) => jobs.look(jobId, view),
    }),
    projection: async (shard) => ({
      projection: 'read-models',
      shard,
      seq: 3,
      lastSeq: 5,
      lag: 2,
      parked: [],
    }),
    progress: new SilentProgress(),
    bodies: { get: async () => null },
    health: { look: async () => WELL },
    config: { host: '127.0.0.1', shards: 1, ...config },
    log,
    ...over,
  };
  const app = await createApi(deps);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const get = async <T = Record<string, never>>(path: string) => {
    const response = await fetch(url + path);
    return { status: response.status, body: (await response.json()) as T };
  };
  return { app, url, port, eventLog, readModels, logged, post, get, close: () => app.close() };
}

export type TestApi = Awaited<ReturnType<typeof startTestApi>>;
