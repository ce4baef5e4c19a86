import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { JobSpec } from '#libs/events';
import type { JobRecord } from '#libs/read-models';
import { bigint, timestamp } from './column-types.js';

@Entity({ name: 'job' })
@Index('job_by_age', ['createdAt', 'jobId'])
@Index('job_by_owner', ['owner', 'createdAt', 'jobId'])
export class JobEntity implements Omit<JobRecord, 'createdAt' | 'updatedAt' | 'endedAt'> {
  @PrimaryColumn({ name: 'id', type: 'text', primaryKeyConstraintName: 'job_pkey' }) jobId: string;
  @Column({ type: 'integer' }) shard: number;
  @Column({ type: 'text', nullable: true }) name: string | null;
  @Column({ type: 'text', nullable: true }) owner: string | null;
  @Column({ type: 'text' }) status: JobRecord['status'];
  @Column({ type: 'integer' }) run: number;
  @Column({ type: 'integer' }) generation: number;
  @Column({ type: 'jsonb' }) spec: JobSpec;
  @Column({ type: 'integer' }) fetched: number;
  @Column({ type: 'integer' }) failed: number;
  @Column({ type: 'integer' }) skipped: number;
  @Column({ type: 'integer' }) retries: number;
  @Column({ type: 'integer' }) redirects: number;
  @Column(bigint) bytes: number;
  @Column({ name: 'status_codes', type: 'jsonb' }) statusCodes: Record<string, number>;
  @Column({ name: 'item_versions', type: 'jsonb' }) itemVersions: number[];
  @Column({ name: 'last_error', type: 'text', nullable: true }) lastError: string | null;
  @Column({ name: 'last_error_code', type: 'text', nullable: true }) lastErrorCode: string | null;
  @Column({ type: 'text', nullable: true }) hint: string | null;
  @Column({ ...timestamp, name: 'created_at' }) createdAt: Date;
  @Column({ ...timestamp, name: 'updated_at' }) updatedAt: Date;
  @Column({ ...timestamp, name: 'ended_at', nullable: true }) endedAt: Date | null;
  @Column({ ...bigint, name: 'created_seq' }) createdSeq: number;
  @Column(bigint) seq: number;
}
