import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigint } from './column-types.js';

/** Where a projection stands in the log of a shard; moves in the transaction that writes the rows. */
@Entity({ name: 'checkpoint' })
export class CheckpointEntity {
  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'checkpoint_pkey' }) shard: number;
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'checkpoint_pkey' }) projection: string;
  /** Identity of the stream. */
  @Column({ type: 'text' }) stream: string;
  @Column(bigint) seq: number;
  @Column({ name: 'event_id', type: 'text', nullable: true }) eventId: string | null;
}
