import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { PageRecord } from '#libs/read-models';
import { bigint, UNUSUAL_PAGE } from './column-types.js';

/** One row for each page with a response or a failure; of skipped pages there is evidence only. */
@Entity({ name: 'page' })
@Index('page_by_seq', ['jobId', 'generation', 'seq'])
@Index('page_unusual', ['jobId', 'generation', 'seq'], { where: UNUSUAL_PAGE })
export class PageEntity implements PageRecord {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'page_pkey' }) id: string;
  @Column({ name: 'job_id', type: 'text' }) jobId: string;
  @Column({ type: 'integer' }) generation: number;
  @Column({ type: 'integer' }) run: number;
  @Column({ type: 'text' }) url: string;
  @Column({ type: 'text' }) host: string;
  @Column({ name: 'final_url', type: 'text' }) finalUrl: string;
  @Column({ type: 'text' }) outcome: PageRecord['outcome'];
  @Column({ name: 'status_code', type: 'integer' }) statusCode: number;
  @Column({ name: 'error_code', type: 'text', nullable: true }) errorCode: string | null;
  @Column({ type: 'text', nullable: true }) title: string | null;
  @Column({ type: 'text', nullable: true }) h1: string | null;
  @Column({ type: 'text' }) stage: string;
  @Column({ type: 'integer' }) depth: number;
  @Column({ name: 'load_time', type: 'integer', nullable: true }) loadTime: number | null;
  @Column({ name: 'content_type', type: 'text', nullable: true }) contentType: string | null;
  @Column({ name: 'robots_blocked', type: 'boolean' }) robotsBlocked: boolean;
  @Column({ name: 'body_sha256', type: 'text', nullable: true }) bodySha256: string | null;
  @Column({ type: 'jsonb' }) metadata: Record<string, unknown>;
  @Column(bigint) seq: number;
}
