import type { EvidenceRecord, ItemRecord, JobRecord, PageRecord } from '../rows.js';
import type { OutcomeRows } from '../rows-of-outcome.js';
import type { PageMark, ParkedRecord } from './state.js';

/** What a batch does to the tables, each row at most once, in an order in which it can be done. */
export interface Changes {
  /** Jobs whose pages, evidence, items, marks and parked events go. Comes first. */
  removedJobs: string[];
  /** Pages whose rows go before the new ones come. Comes second. */
  replacedPages: string[];
  jobs: JobRecord[];
  pages: PageRecord[];
  evidence: EvidenceRecord[];
  items: ItemRecord[];
  marks: PageMark[];
  parked: ParkedRecord[];
}

/** Collects a batch; what comes later in the batch takes the place of what came before. */
export class ChangeSet {
  private readonly removed = new Set<string>();
  private readonly replaced = new Map<string, string>();
  private readonly jobs = new Map<string, JobRecord>();
  private readonly outcomes = new Map<string, OutcomeRows & { jobId: string }>();
  private readonly held = new Map<string, EvidenceRecord>();
  private readonly marks = new Map<string, PageMark>();
  private readonly parked: ParkedRecord[] = [];

  job(job: JobRecord): void {
    this.jobs.set(job.jobId, job);
  }

  mark(mark: PageMark): void {
    this.marks.set(mark.pageId, mark);
  }

  park(parked: ParkedRecord): void {
    this.parked.push(parked);
  }

  outcome(jobId: string, pageId: string, rows: OutcomeRows, replaces: boolean): void {
    if (replaces) this.replaced.set(pageId, jobId);
    this.held.delete(pageId);
    this.outcomes.set(pageId, { ...rows, jobId });
  }

  heldBack(evidence: EvidenceRecord): void {
    this.held.set(evidence.pageId, evidence);
  }

  removeJob(jobId: string): void {
    this.removed.add(jobId);
    const ofJob = (row: { jobId: string | null }): boolean => row.jobId === jobId;
    for (const map of [this.outcomes, this.held, this.marks])
      for (const [id, row] of map) if (ofJob(row)) map.delete(id);
    for (const [id, owner] of this.replaced) if (owner === jobId) this.replaced.delete(id);
    this.parked.splice(0, this.parked.length, ...this.parked.filter((row) => !ofJob(row)));
  }

  result(): Changes {
    const pages: PageRecord[] = [];
    const evidence: EvidenceRecord[] = [...this.held.values()];
    const items: ItemRecord[] = [];
    for (const rows of this.outcomes.values()) {
      if (rows.page) pages.push(rows.page);
      for (const row of rows.evidence) evidence.push(row);
      for (const row of rows.items) items.push(row);
    }
    return {
      removedJobs: [...this.removed],
      replacedPages: [...this.replaced.keys()],
      jobs: [...this.jobs.values()],
      pages,
      evidence,
      items,
      marks: [...this.marks.values()],
      parked: this.parked,
    };
  }
}
