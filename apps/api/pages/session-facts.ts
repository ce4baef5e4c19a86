import { setTimeout as wait } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { shardOf, type JobSpec, type LogEntry } from '#libs/events';
import { failures, isFailureCode } from '#libs/failures';
import { positionOf, type FailureLedger, type Frontier, type JobActivity, type JobState } from '#libs/job';
import { readHistory } from '#libs/engine';
import type { JobRow } from '#libs/engine/ports';
import type { OverviewView, SessionHead } from '#libs/pages';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { JobViews } from '../routes/job-views.js';
import { LiveProgress } from '../routes/live-progress.js';
import { soon } from '../http/log-patience.js';

/** A page does not wait longer for a long history: it says what is known, and looks again. */
const PATIENCE_MS = 50;
/** A short one is worth waiting for, also on a busy machine. */
const SHORT_PAGES = 10_000;
const SHORT_PATIENCE_MS = 2000;
const HOSTS_SHOWN = 25;
/** Sequences that are looked through for the latest events before more are. */
const NEAR = 200;
const LATEST = 12;
/** Open pages up to which it is told what they wait for. */
const MOMENT_PAGES = 20_000;

const READ_AFTER_MS = 150;

const isLong = (row: JobRow | null): boolean =>
  row !== null && row.fetched + row.failed + row.skipped >= SHORT_PAGES;
const iso = (ms: number): string => new Date(ms).toISOString();

/** What it is worth waiting for; null when it takes longer, and goes on by itself. */
async function inTime<T>(work: Promise<T>, row: JobRow | null): Promise<T | null> {
  work.catch(() => undefined);
  const ended = new AbortController();
  const late = wait(isLong(row) ? PATIENCE_MS : SHORT_PATIENCE_MS, null, { signal: ended.signal }).catch(
    () => null,
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    ended.abort();
  }
}

/** A proxy in words that tell no secret. */
export function proxyWords(spec: Pick<JobSpec, 'proxy'>): string | null {
  const { proxy } = spec;
  if (!proxy) return null;
  const country = proxy.country === undefined ? '' : `, ${proxy.country.toUpperCase()}`;
  if (proxy.provider === 'oxylabs') return `Oxylabs${country}`;
  if (proxy.pool.length > 0) return `a pool of ${proxy.pool.length}${country}`;
  return `${typeof proxy.url === 'string' ? proxy.url.replace(/^https?:\/\/(?:[^@/]*@)?/, '').split('/')[0] : 'a proxy'}${country}`;
}

/** Everything that the folds of a job tell on its first page, without a look at each of its pages. */
function overviewOf(frontier: Frontier, ledger: FailureLedger, activity: JobActivity) {
  const { retries, redirects, receivedBytes } = frontier;
  const failed = ledger.codes.map((code) => ({
    ...code,
    hint: isFailureCode(code.code) ? failures[code.code].hint : null,
  }));
  return {
    counts: { stages: frontier.stageCounts(), retries, redirects, receivedBytes, failures: failed },
    activity: {
      ...{ widthMs: activity.widthMs, points: activity.points, marks: [...activity.marks] },
      ...{ hosts: activity.hosts(HOSTS_SHOWN), hostCount: activity.hostCount },
    },
  };
}

export interface Known {
  state: JobState;
  row: JobRow | null;
  head: SessionHead;
  /** The last event that the head tells of. */
  seq: number;
}

/** What the pages of a session tell: decisions at once, counts as soon as the history is read. */
@Injectable()
export class SessionFacts {
  /** Long histories that were read once, and those that are being read. */
  private readonly read = new Set<string>();
  private readonly reading = new Set<string>();

  constructor(
    @Inject(API_DEPS) private readonly deps: ApiDeps,
    @Inject(JobViews) private readonly views: JobViews,
    @Inject(LiveProgress) private readonly progress: LiveProgress,
  ) {}

  /** @throws SpoorError job_not_found */
  async known(jobId: string): Promise<Known> {
    const state = await soon(this.views.state(jobId));
    const row = await this.deps.readModels.job(jobId).catch(() => null);
    const position = await this.position(jobId, row);
    const perMinute = state.status === 'running' ? (this.progress.rates(jobId)?.pages ?? null) : null;
    const pages = position?.counts ?? null;
    const head: SessionHead = {
      ...{ jobId, name: state.spec.name ?? null, status: state.status, run: state.run },
      ...{ generation: state.generation, reason: state.reason, lastError: state.lastError },
      createdAt: iso(state.createdAt),
      updatedAt: iso(state.updatedAt),
      proxy: proxyWords(state.spec),
      pages,
      counted: row,
      perMinute,
      secondsLeft: pages && perMinute ? Math.ceil((pages.open * 60) / perMinute) : null,
      ranMs: state.ranMs + (state.runningSince === null ? 0 : Math.max(0, Date.now() - state.runningSince)),
    };
    return { state, row, head, seq: position?.seq ?? state.lastSeq };
  }

  /** Reading a long history takes the whole process for a while: the first answer goes out before it begins. */
  private async position(jobId: string, row: JobRow | null) {
    if (!isLong(row) || this.read.has(jobId)) return inTime(this.deps.jobs.look(jobId, positionOf), row);
    if (!this.reading.has(jobId)) {
      this.reading.add(jobId);
      void wait(READ_AFTER_MS)
        .then(() => this.deps.jobs.look(jobId, positionOf))
        .then(
          () => this.read.add(jobId),
          () => undefined,
        )
        .finally(() => this.reading.delete(jobId));
    }
    return null;
  }

  async overview({ state, row, head, seq }: Known): Promise<Omit<OverviewView, 'notice'>> {
    const { jobId } = head;
    // A head that is still being read says that the rest is, too.
    const isReading = head.pages === null;
    // To say what each open page waits for, all of them have to be looked at.
    const isTold = head.status === 'running' && head.pages !== null && head.pages.open <= MOMENT_PAGES;
    const [folded, moment, latest] = await Promise.all([
      isReading ? null : inTime(this.deps.jobs.look(jobId, overviewOf), row),
      isTold ? inTime(this.deps.histories.explain(jobId), row) : null,
      this.latest(jobId, seq),
    ]);
    const { perHost, delayMs, concurrency } = state.spec.politeness;
    return {
      ...{ head, moment, latest, counts: folded?.counts ?? null, activity: folded?.activity ?? null },
      statusCodes: row?.statusCodes ?? {},
      politeness: { perHost, delayMs, concurrency },
      spec: JSON.stringify(state.spec, null, 2),
      live: `/sessions/${jobId}/live?from=${seq + 1}`,
    };
  }

  /** The newest first. */
  private async latest(jobId: string, lastSeq: number): Promise<LogEntry[]> {
    const head = await soon(this.deps.eventLog.head(shardOf(jobId)));
    const found: LogEntry[] = [];
    for (const [fromSeq, toSeq] of [
      [Math.max(1, lastSeq - NEAR), lastSeq],
      [Math.max(1, lastSeq - 25 * NEAR), lastSeq - NEAR - 1],
    ] as const) {
      const range = { fromSeq, toSeq, reverse: true, limit: LATEST - found.length, bulk: false };
      const read = this.reader(jobId);
      if (toSeq >= fromSeq && range.limit > 0)
        for await (const entry of readHistory(read, head, range)) found.push(entry);
    }
    return found;
  }

  private reader(jobId: string): Parameters<typeof readHistory>[0] {
    return (options) => this.deps.eventLog.readJob(jobId, options);
  }
}
