import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What one caller has used in one hour. */
@Entity('usage')
export class UsageEntity {
  /** Key id, or wallet. */
  @PrimaryColumn('text')
  caller!: string;
  /** Begin of the hour, UTC. */
  @PrimaryColumn({ type: 'timestamptz', precision: 0 })
  hour!: Date;
  @Column('integer')
  served!: number;
  @Column('integer')
  refused!: number;
  @Column('bigint')
  bytes!: string;
  @Column('bigint')
  watt!: string;
  @Column({ type: 'jsonb', name: 'refused_by_code' })
  refusedByCode!: Record<string, number>;
  @Column({ type: 'timestamptz', name: 'last_used_at', precision: 3 })
  lastUsedAt!: Date;
}
