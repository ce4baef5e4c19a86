import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { ParkedRecord } from '#libs/read-models';
import { asNumber, timestamp } from './column-types.js';

/** Events that wait; they themselves stay in the log, at `seq`. */
@Entity({ name: 'parked_event' })
@Index('parked_event_by_job', ['jobId', 'seq'])
export class ParkedEventEntity implements Omit<ParkedRecord, 'storedAt'> {
  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'parked_event_pkey' }) shard: number;
  @PrimaryColumn({ type: 'bigint', transformer: asNumber, primaryKeyConstraintName: 'parked_event_pkey' })
  seq: number;
  @Column({ name: 'job_id', type: 'text', nullable: true }) jobId: string | null;
  @Column({ name: 'event_id', type: 'text', nullable: true }) eventId: string | null;
  @Column({ type: 'text', nullable: true }) type: string | null;
  /** Why it cannot be folded; null for one that only waits behind such an event. */
  @Column({ type: 'text', nullable: true }) reason: string | null;
  @Column({ name: 'code_version', type: 'text' }) codeVersion: string;
  @Column({ ...timestamp, name: 'stored_at' }) storedAt: Date;
}
