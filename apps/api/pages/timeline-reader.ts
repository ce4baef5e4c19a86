import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { readHistory } from '#libs/engine';
import type { JobReadOptions } from '#libs/engine/ports';
import { shardOf, type LogEntry, type PageEventType } from '#libs/events';
import { TIMELINE_FILTERS, type TimelineFilter, type TimelineView } from '#libs/pages';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { soon } from '../http/log-patience.js';

const ON_A_PAGE = 50;
/** Looked through before the whole history is: most often what is wanted is near. */
const NEAR = 500;

const sequence = z
  .string('must be given once')
  .regex(/^\d{1,15}$/, 'must be a sequence')
  .transform(Number);

export const timelineQuery = z.strictObject({
  show: z.enum(Object.keys(TIMELINE_FILTERS) as [TimelineFilter, ...TimelineFilter[]]).optional(),
  /** The first one wanted. */
  seq: sequence.optional(),
  /** The last one wanted is the one before. */
  before: sequence.optional(),
});
type Wanted = z.output<typeof timelineQuery>;

const TYPES: Record<Exclude<TimelineFilter, 'decisions'>, PageEventType[]> = {
  problems: ['FetchFailed', 'FetchRetried', 'PageSkipped'],
  fetched: ['PageFetched'],
};

/** Events of a job for people who leaf through them: the newest first, from the end or from a sequence. */
@Injectable()
export class TimelineReader {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  async read(jobId: string, wanted: Wanted): Promise<Pick<TimelineView, 'entries' | 'older' | 'newer'>> {
    if (wanted.seq !== undefined) return this.from(jobId, wanted, wanted.seq);
    const { lastSeq } = await soon(this.deps.eventLog.head(shardOf(jobId)));
    const toSeq = Math.min(lastSeq, (wanted.before ?? Infinity) - 1);
    const found = await this.backwards(jobId, wanted.show, toSeq, ON_A_PAGE + 1);
    const entries = found.slice(0, ON_A_PAGE);
    const newest = entries[0];
    return {
      entries,
      older: found.length > ON_A_PAGE ? entries.at(-1)!.seq : null,
      newer: wanted.before !== undefined && newest ? newest.seq + 1 : null,
    };
  }

  private async from(jobId: string, { show }: Wanted, seq: number) {
    const found = await this.collect(jobId, show, { fromSeq: seq, limit: ON_A_PAGE + 1, reverse: false });
    const entries = found.slice(0, ON_A_PAGE);
    const newer = found.length > ON_A_PAGE ? entries.at(-1)!.seq + 1 : null;
    return { entries: entries.toReversed(), older: seq > 1 ? seq : null, newer };
  }

  private async backwards(
    jobId: string,
    show: Wanted['show'],
    toSeq: number,
    limit: number,
  ): Promise<LogEntry[]> {
    const fromSeq = Math.max(1, toSeq - NEAR);
    const near = await this.collect(jobId, show, { fromSeq, toSeq, limit, reverse: true });
    if (near.length >= limit || fromSeq === 1) return near;
    const rest = { toSeq: fromSeq - 1, limit: limit - near.length, reverse: true };
    return [...near, ...(await this.collect(jobId, show, rest))];
  }

  /** In the order asked for, at most `limit`. */
  private async collect(
    jobId: string,
    show: Wanted['show'],
    range: { fromSeq?: number; toSeq?: number; limit: number; reverse: boolean },
  ): Promise<LogEntry[]> {
    const found: LogEntry[] = [];
    if (show === undefined) found.push(...(await this.ofType(jobId, {}, range)));
    if (show === 'decisions' || show === 'problems') {
      const { fromSeq = 1, toSeq = Infinity } = range;
      const decisions = await this.deps.eventLog.readDecisions(jobId, { bulk: false });
      const isWanted = ({ type }: LogEntry): boolean => show === 'decisions' || type === 'ProxyFailed';
      found.push(
        ...decisions.filter((event) => event.seq >= fromSeq && event.seq <= toSeq && isWanted(event)),
      );
    }
    if (show !== undefined && show !== 'decisions')
      for (const type of TYPES[show]) found.push(...(await this.ofType(jobId, { type }, range)));
    const direction = range.reverse ? -1 : 1;
    return found.sort((a, b) => direction * (a.seq - b.seq)).slice(0, range.limit);
  }

  private async ofType(
    jobId: string,
    only: Pick<JobReadOptions, 'type'>,
    range: { fromSeq?: number; toSeq?: number; limit: number; reverse: boolean },
  ): Promise<LogEntry[]> {
    const { eventLog } = this.deps;
    const head = await eventLog.head(shardOf(jobId));
    const found: LogEntry[] = [];
    const events = readHistory((options) => eventLog.readJob(jobId, { ...options, ...only }), head, {
      ...range,
      bulk: false,
    });
    for await (const entry of events) found.push(entry);
    return found;
  }
}
