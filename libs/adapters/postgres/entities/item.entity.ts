import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { ItemRecord } from '#libs/read-models';
import { bigint } from './column-types.js';

@Entity({ name: 'item' })
@Index('item_by_seq', ['jobId', 'generation', 'seq', 'index'])
export class ItemEntity implements ItemRecord {
  @PrimaryColumn({ name: 'page_id', type: 'uuid', primaryKeyConstraintName: 'item_pkey' }) pageId: string;
  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'item_pkey' }) version: number;
  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'item_pkey' }) index: number;
  @Column({ type: 'uuid' }) id: string;
  @Column({ name: 'job_id', type: 'text' }) jobId: string;
  @Column({ type: 'integer' }) generation: number;
  @Column({ type: 'text' }) url: string;
  @Column({ type: 'text' }) stage: string;
  @Column({ type: 'jsonb' }) data: Record<string, unknown>;
  @Column(bigint) seq: number;
}
