import type { JobSpec } from '#libs/events';

/** Row of the job-status read model, with the sequence that its counts are true at. */
export interface JobRow {
  jobId: string;
  name: string | null;
  status: 'running' | 'paused' | 'stopped' | 'error' | 'done' | 'removed';
  run: number;
  generation: number;
  spec: JobSpec;
  fetched: number;
  failed: number;
  skipped: number;
  retries: number;
  redirects: number;
  /** Bytes received over the wire, bodies only. */
  bytes: number;
  statusCodes: Record<string, number>;
  lastError: string | null;
  lastErrorCode: string | null;
  hint: string | null;
  createdAt: string;
  updatedAt: string;
  endedAt: string | null;
  seq: number;
}

export interface PageRow {
  id: string;
  jobId: string;
  generation: number;
  url: string;
  finalUrl: string;
  outcome: 'fetched' | 'failed';
  statusCode: number;
  errorCode: string | null;
  title: string | null;
  h1: string | null;
  stage: string;
  depth: number;
  /** ms */
  loadTime: number | null;
  contentType: string | null;
  robotsBlocked: boolean;
  bodySha256: string | null;
  metadata: Record<string, unknown>;
  seq: number;
}

export interface ItemRow {
  id: string;
  jobId: string;
  pageId: string;
  url: string;
  stage: string;
  index: number;
  data: Record<string, unknown>;
  seq: number;
}

export interface EvidenceRow {
  id: string;
  jobId: string;
  pageId: string;
  url: string;
  type: string;
  content: string;
  metadata: Record<string, unknown>;
  seq: number;
}

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
