import type { EvidenceRow, ItemRow, JobRow, PageRow } from '#libs/read-models';

export type { EvidenceRow, ItemRow, JobRow, PageRow };

export interface Cursor<T> {
  rows: T[];
  /** Opaque; null at the end. */
  next: string | null;
}

export interface JobFilter {
  status?: JobRow['status'];
  /** Part of the id or name. */
  q?: string;
  /** Id of a key: its jobs alone. */
  owner?: string;
}

export interface PageFilter {
  outcome?: 'fetched' | 'failed';
  /** A code, or a class of codes such as `5xx`. */
  statusCode?: number | string;
  errorCode?: string;
  robotsBlocked?: boolean;
  host?: string;
  stage?: string;
  pageId?: string;
  /** Part of the URL or title. */
  q?: string;
}

export interface ItemFilter {
  stage?: string;
  /** Default: the newest that is whole. */
  version?: number;
  /** Of one page. */
  pageId?: string;
}

/** A known URL that was not requested: it has evidence and no row. */
export interface SkippedPage {
  id: string;
  jobId: string;
  url: string;
  /** A code of the failure table. */
  code: string;
  reason: string;
  /** The rule line that decided, as the site wrote it. */
  rule: string | null;
  seq: number;
}

/** What the projections answer. Every list is in a stable order and paged by an opaque cursor. */
export interface ReadModels {
  /** Newest first. */
  jobs(filter: JobFilter, limit: number, cursor?: string): Promise<Cursor<JobRow>>;
  job(jobId: string): Promise<JobRow | null>;
  /** In the order in which they were recorded (`seq`). */
  pages(jobId: string, filter: PageFilter, limit: number, cursor?: string): Promise<Cursor<PageRow>>;
  page(jobId: string, pageId: string): Promise<PageRow | null>;
  /**
   * Pages that were skipped, in the order of their ids; those alone whose evidence the job keeps. Links that a skip pattern held
   * back are no pages.
   */
  skipped(
    jobId: string,
    filter: { pageId?: string },
    limit: number,
    cursor?: string,
  ): Promise<Cursor<SkippedPage>>;
  /** Which of these pages have an outcome. */
  withOutcome(jobId: string, pageIds: string[]): Promise<Set<string>>;
  items(jobId: string, filter: ItemFilter, limit: number, cursor?: string): Promise<Cursor<ItemRow>>;
  evidence(
    jobId: string,
    filter: { type?: string; pageId?: string },
    limit: number,
    cursor?: string,
  ): Promise<Cursor<EvidenceRow>>;
  /** Position of the projection of a shard; 0 before the first event. */
  position(shard: number): Promise<number>;
}
