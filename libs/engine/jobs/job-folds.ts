import { isUnreadable, shardOf } from '#libs/events';
import {
  FailureLedger,
  Frontier,
  JobActivity,
  type HashKey,
  type JobPosition,
  type JobState,
} from '#libs/job';
import type { EventLog } from '#libs/engine/ports';

/** Of a history: what is in hand at once is what the garbage collector copies about. */
const REPLAY_BATCH = 150;
/** Known pages that all kept folds may hold together, about 80 bytes each; the fold in use is kept in any case. */
const MAX_PAGES = 500_000;

/** What a job is and how far it has come, at one moment. */
export interface JobReport {
  state: JobState;
  position: JobPosition;
}

/** A view of a job's folds, all at the same event. */
export type JobView<T> = (frontier: Frontier, failures: FailureLedger, activity: JobActivity) => T;

interface Fold {
  frontier: Frontier;
  failures: FailureLedger;
  activity: JobActivity;
  /** Where it stands: a log that was made anew or restored does not go on from there. */
  stream: string | null;
  eventId: string | null;
  reading: Promise<void>;
  /** The read that has not begun: whoever asks now may join it. */
  next: Promise<void> | null;
}

/**
 * Folds of the jobs that are asked about, so that "where does it stand" is exact at any moment and reads only what is new. The
 * first look at a job reads its whole history.
 */
export class JobFolds {
  private readonly folds = new Map<string, Fold>();

  constructor(
    private readonly eventLog: Pick<EventLog, 'readJob' | 'head' | 'eventIdAt'>,
    private readonly hashKey: HashKey,
    private readonly maxPages = MAX_PAGES,
  ) {}

  /**
   * What `view` makes of the job, at the head of the log at the moment of the call, or later; null when the log holds nothing of it.
   * The view must be taken at once: the fold goes on.
   */
  async look<T>(jobId: string, view: JobView<T>): Promise<T | null> {
    const fold = this.folds.get(jobId) ?? this.fresh(jobId);
    // Asked last, dropped last.
    this.folds.delete(jobId);
    this.folds.set(jobId, fold);
    try {
      await this.refresh(fold);
    } catch (error) {
      if (this.folds.get(jobId) === fold) this.folds.delete(jobId);
      throw error;
    }
    this.makeRoom(jobId);
    const { frontier, failures, activity } = fold;
    return frontier.state && view(frontier, failures, activity);
  }

  private fresh(jobId: string): Fold {
    return {
      frontier: new Frontier(jobId, this.hashKey),
      failures: new FailureLedger(),
      activity: new JobActivity(),
      stream: null,
      eventId: null,
      reading: Promise.resolve(),
      next: null,
    };
  }

  /** A read that is under way may have found the head before this was asked; the one after it counts, for all who wait. */
  private refresh(fold: Fold): Promise<void> {
    fold.next ??= fold.reading
      .catch(() => undefined)
      .then(() => {
        fold.reading = fold.next!;
        fold.next = null;
        return this.read(fold);
      });
    return fold.next;
  }

  private async read(fold: Fold): Promise<void> {
    const { jobId } = fold.frontier;
    const shard = shardOf(jobId);
    const head = await this.eventLog.head(shard);
    if (!(await this.goesOn(fold, head.stream, shard))) {
      fold.frontier = new Frontier(jobId, this.hashKey);
      fold.failures = new FailureLedger();
      fold.activity = new JobActivity();
    }
    fold.stream = head.stream;
    const { frontier, failures, activity } = fold;
    for await (const { entries } of this.eventLog.readJob(jobId, {
      fromSeq: frontier.seq + 1,
      maxBatch: REPLAY_BATCH,
    }))
      for (const entry of entries) {
        if (isUnreadable(entry)) continue;
        frontier.apply(entry);
        failures.apply(entry, frontier);
        activity.apply(entry);
        fold.eventId = entry.id;
        frontier.takeOpened();
      }
  }

  private async goesOn({ frontier, stream, eventId }: Fold, found: string, shard: number): Promise<boolean> {
    if (frontier.seq === 0) return true;
    return stream === found && (await this.eventLog.eventIdAt(shard, frontier.seq)) === eventId;
  }

  private makeRoom(inUse: string): void {
    let pages = 0;
    for (const { frontier } of this.folds.values()) pages += frontier.counts.discovered;
    for (const [jobId, { frontier }] of this.folds) {
      if (pages <= this.maxPages) return;
      if (jobId === inUse) continue;
      pages -= frontier.counts.discovered;
      this.folds.delete(jobId);
    }
  }
}
