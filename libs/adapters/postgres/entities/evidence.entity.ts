import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { EvidenceRecord } from '#libs/read-models';
import { bigint, UNUSUAL_EVIDENCE } from './column-types.js';

/**
 * One row of a kind for each page. No foreign key: what was skipped has evidence and no page row. The key is page and type rather
 * than `id` (which derives from both), so that the rows of one page lie together.
 */
@Entity({ name: 'evidence' })
@Index('evidence_by_seq', ['jobId', 'generation', 'seq'])
@Index('evidence_unusual', ['jobId', 'generation', 'seq'], { where: UNUSUAL_EVIDENCE })
export class EvidenceEntity implements EvidenceRecord {
  @PrimaryColumn({ name: 'page_id', type: 'uuid', primaryKeyConstraintName: 'evidence_pkey' }) pageId: string;
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'evidence_pkey' }) type: string;
  @Column({ type: 'uuid' }) id: string;
  @Column({ name: 'job_id', type: 'text' }) jobId: string;
  @Column({ type: 'integer' }) generation: number;
  @Column({ type: 'text' }) url: string;
  @Column({ type: 'text' }) content: string;
  @Column({ type: 'jsonb' }) metadata: Record<string, unknown>;
  @Column(bigint) seq: number;
}
