import { isUnreadable, type LogEntry } from '#libs/events';
import { Frontier, jobAt, JobProof, type JobAt, type JobProofReport } from '#libs/job';
import { ReplayedTables } from './replayed-tables.js';
import { canonicalText } from './tables.js';

/** Known beforehand, so that the same history gives the same bytes. */
const HASH_KEY = [0, 0] as const;
const BATCH = 500;

/** What the folds and projections of this code make of one job's history: no log, no database, no network. */
export class JobReplay {
  private readonly frontier: Frontier;
  private readonly ledger: JobProof;
  private readonly tables = new ReplayedTables();
  private batch: LogEntry[] = [];

  constructor(jobId: string) {
    this.frontier = new Frontier(jobId, HASH_KEY);
    this.ledger = new JobProof(jobId, HASH_KEY);
  }

  /** Entries of the job, in the order of the log. */
  apply(entry: LogEntry): void {
    this.ledger.apply(entry);
    if (!isUnreadable(entry)) {
      this.frontier.apply(entry);
      this.frontier.takeOpened();
    }
    if (this.batch.push(entry) >= BATCH) this.project();
  }

  /** @throws TypeError when no event of the job was applied */
  get state(): JobAt {
    return jobAt(this.frontier);
  }

  get proof(): JobProofReport | null {
    return this.ledger.report();
  }

  /** All rows as canonical text, one each, table by table, by key. */
  rows(): string[] {
    this.project();
    return this.tables.rows().map(({ table, row }) => canonicalText({ table, row }));
  }

  private project(): void {
    if (this.batch.length > 0) this.tables.apply(this.batch);
    this.batch = [];
  }
}
