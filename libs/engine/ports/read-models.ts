import type { EvidenceRow, ItemRow, JobRow, PageRow } from '#libs/read-models';

export type { EvidenceRow, ItemRow, JobRow, PageRow };

export interface Cursor<T> {
  rows: T[];
  /** Opaque; null at the end. */
  next: string | null;
}

export interface PageFilter {
  outcome?: 'fetched' | 'failed';
  statusCode?: number;
  errorCode?: string;
  robotsBlocked?: boolean;
  host?: string;
  stage?: string;
  /** Part of the URL or title. */
  q?: string;
}

/** What the projections answer. Every list is in a stable order and paged by an opaque cursor. */
export interface ReadModels {
  /** Newest first. */
  jobs(
    filter: { status?: JobRow['status']; q?: string },
    limit: number,
    cursor?: string,
  ): Promise<Cursor<JobRow>>;
  job(jobId: string): Promise<JobRow | null>;
  /** In the order in which they were recorded (`seq`). */
  pages(jobId: string, filter: PageFilter, limit: number, cursor?: string): Promise<Cursor<PageRow>>;
  page(jobId: string, pageId: string): Promise<PageRow | null>;
  items(jobId: string, filter: { stage?: string }, limit: number, cursor?: string): Promise<Cursor<ItemRow>>;
  evidence(
    jobId: string,
    filter: { type?: string; pageId?: string },
    limit: number,
    cursor?: string,
  ): Promise<Cursor<EvidenceRow>>;
  /** Position of the projection of a shard; 0 before the first event. */
  position(shard: number): Promise<number>;
}
