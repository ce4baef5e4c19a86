import type { JobSpec } from '#libs/events';
import type { JobStatus } from '#libs/job';

/** Row of the job-status read model, with the sequence that its counts are true at. */
export interface JobRow {
  jobId: string;
  name: string | null;
  /** Id of the API key whose job it is; null: the operator's. */
  owner: string | null;
  status: JobStatus;
  run: number;
  generation: number;
  /** A removed job leaves the default spec: its own went with it. */
  spec: JobSpec;
  /** Pages with an outcome in this generation; a page that was requeued is counted again when it has its new one. */
  fetched: number;
  failed: number;
  skipped: number;
  /** What it took to get there: retried tries, hops and body bytes over the wire, requeued pages included. */
  retries: number;
  redirects: number;
  bytes: number;
  /** Of fetched pages: code → pages. */
  statusCodes: Record<string, number>;
  /** Versions of the items that are whole; the last one is shown unless another is asked for. */
  itemVersions: number[];
  lastError: string | null;
  lastErrorCode: string | null;
  hint: string | null;
  /** Server's clock, ISO 8601. */
  createdAt: string;
  updatedAt: string;
  /** When it stopped, failed or was done; null while it runs or is paused. */
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
  /** Sequence of the event that this row tells. */
  seq: number;
}

export interface ItemRow {
  id: string;
  jobId: string;
  pageId: string;
  url: string;
  stage: string;
  index: number;
  /** 1: as it was fetched; each extraction from stored bodies is one more. */
  version: number;
  data: Record<string, unknown>;
  seq: number;
}

export interface EvidenceRow {
  id: string;
  jobId: string;
  /** Derived from job, generation and URL, also when there is no page row. */
  pageId: string;
  url: string;
  type: string;
  content: string;
  metadata: Record<string, unknown>;
  seq: number;
}

/** What a store keeps beside what it shows: `createdSeq` orders jobs, `generation` hides what a restart left behind. */
export type JobRecord = JobRow & { shard: number; createdSeq: number };
export type PageRecord = PageRow & { host: string; run: number };
export type ItemRecord = ItemRow & { generation: number };
export type EvidenceRecord = EvidenceRow & { generation: number };
