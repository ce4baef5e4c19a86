import {
  catalogue,
  isUnreadable,
  storedBodiesOf,
  type LogEntry,
  type NewEvent,
  type NewJobEvent,
  type NewPageEvent,
} from '#libs/events';
import { SpoorError } from '#libs/failures';
import { copyOf, foldDecisions, type CopiedRange } from '#libs/job';
import { ConflictError, type EventLog } from '#libs/engine/ports';

export type CopyLog = Pick<EventLog, 'readDecisions' | 'pageEventIds' | 'appendJob' | 'publishPage'>;

export interface CopySource extends CopiedRange {
  /** In the order of the log. May be asked for again after an interruption, and gives the same then. */
  entries: AsyncIterable<readonly LogEntry[]>;
  /** Has a body in the target's store before the event that refers to it. False: the source does not have it. */
  bringBody(jobId: string, sha256: string): Promise<boolean>;
}

export interface CopiedCounts {
  events: number;
  bodies: { linked: number; missing: number };
}

/**
 * Writes a history under another job's id, event after event, each when the one before it is acknowledged: a page fact counts only
 * behind the one that discovered its page, and no retry through a reconnect may turn that round. What an interrupted copy left is
 * gone on behind. The job does not run before a decision of its own says so.
 *
 * @throws SpoorError conflict when the target is something else; impossible_transition when the source holds what cannot be read
 */
export async function copyHistory(
  eventLog: CopyLog,
  source: CopySource,
  jobId: string,
  onProgress?: (events: number) => void,
): Promise<CopiedCounts> {
  const target = await Target.open(eventLog, source, jobId);
  const counts: CopiedCounts = { events: 0, bodies: { linked: 0, missing: 0 } };
  const bodies = new Set<string>();
  for await (const entries of source.entries) {
    for (const entry of entries) {
      if (isUnreadable(entry)) throw unreadable(entry.seq, entry.reason, source.jobId);
      for (const { sha256 } of storedBodiesOf(entry)) {
        if (bodies.has(sha256)) continue;
        bodies.add(sha256);
        counts.bodies[(await source.bringBody(jobId, sha256)) ? 'linked' : 'missing']++;
      }
      await target.write(copyOf(entry, jobId, source));
      counts.events++;
    }
    onProgress?.(counts.events);
  }
  return counts;
}

class Target {
  private constructor(
    private readonly eventLog: CopyLog,
    private readonly written: Set<string>,
    private lastSeq: number,
  ) {}

  static async open(eventLog: CopyLog, source: CopiedRange, jobId: string): Promise<Target> {
    const decisions = await eventLog.readDecisions(jobId, { bulk: false });
    const state = foldDecisions(decisions);
    const { copying } = state ?? { copying: source };
    if (copying?.jobId !== source.jobId || copying.upTo !== source.upTo)
      throw new SpoorError('conflict', `Job ${jobId} exists already, with another history.`, {
        field: 'jobId',
        hint: 'Leave the id out to have a new one.',
      });
    const written = await eventLog.pageEventIds(jobId, 0);
    for (const { id } of decisions) written.add(id);
    return new Target(eventLog, written, state?.lastSeq ?? 0);
  }

  async write(event: NewEvent): Promise<void> {
    if (this.written.has(event.id)) return;
    this.written.add(event.id);
    if (isDecision(event)) this.lastSeq = await this.append(event);
    else await this.eventLog.publishPage(event as NewPageEvent, { alone: true });
  }

  private async append(event: NewJobEvent): Promise<number> {
    try {
      return (await this.eventLog.appendJob(event, this.lastSeq)).seq;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      throw new SpoorError('conflict', `Job ${event.jobId} was changed while its history was copied.`);
    }
  }
}

const isDecision = (event: NewEvent): event is NewJobEvent => catalogue[event.type].family === 'job';

const unreadable = (seq: number, reason: string, jobId: string): SpoorError =>
  new SpoorError('impossible_transition', `Event ${seq} of job ${jobId} cannot be read: ${reason}.`, {
    hint: 'Use a version of Spoor that knows it, or a point before it.',
  });
