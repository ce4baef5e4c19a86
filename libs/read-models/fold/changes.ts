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
  /** By page and version. */
  private readonly reextracted = new Map<string, { jobId: string; pageId: string; rows: ItemRecord[] }>();
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
    if (replaces) {
      this.replaced.set(pageId, jobId);
      for (const [key, items] of this.reextracted) if (items.pageId === pageId) this.reextracted.delete(key);
    }
    this.held.delete(pageId);
    this.outcomes.set(pageId, { ...rows, jobId });
  }

  reextract(jobId: string, pageId: string, version: number, rows: ItemRecord[]): void {
    this.reextracted.set(`${pageId} ${version}`, { jobId, pageId, rows });
  }

  heldBack(evidence: EvidenceRecord): void {
    this.held.set(evidence.pageId, evidence);
  }

  removeJob(jobId: string): void {
    this.removed.add(jobId);
    const ofJob = (row: { jobId: string | null }): boolean => row.jobId === jobId;
    const tables: Map<string, { jobId: string | null }>[] = [
      this.outcomes,
      this.reextracted,
      this.held,
      this.marks,
    ];
    for (const map of tables) for (const [id, row] of map) if (ofJob(row)) map.delete(id);
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
    for (const { rows } of this.reextracted.values()) items.push(...rows);
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
