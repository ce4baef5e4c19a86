import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { PageMark } from '#libs/read-models';

/** What the fold must know of a page that its row does not tell: only of pages that were skipped, requeued or retried. */
@Entity({ name: 'page_mark' })
@Index('page_mark_by_job', ['jobId'])
export class PageMarkEntity implements PageMark {
  @PrimaryColumn({ name: 'page_id', type: 'uuid', primaryKeyConstraintName: 'page_mark_pkey' })
  pageId: string;
  @Column({ name: 'job_id', type: 'text' }) jobId: string;
  @Column({ type: 'text', nullable: true }) outcome: PageMark['outcome'];
  @Column({ name: 'status_code', type: 'integer' }) statusCode: number;
  @Column({ name: 'requeued_in_run', type: 'integer' }) requeuedInRun: number;
  @Column({ name: 'retried_run', type: 'integer' }) retriedRun: number;
  @Column({ name: 'retried_try', type: 'integer' }) retriedTry: number;
  @Column({ name: 'item_version', type: 'integer' }) itemVersion: number;
}
