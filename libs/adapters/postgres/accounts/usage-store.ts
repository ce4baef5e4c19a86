import type pg from 'pg';
import type { DataSource } from 'typeorm';
import {
  StaleCheckpointError,
  type Position,
  type UsageFilter,
  type UsageHour,
  type UsageMove,
  type UsageStore,
} from '#libs/engine/ports';
import { asStoreError } from '../errors.js';
import { inTransaction } from '../projection/client.js';
import { UsageEntity } from './usage.entity.js';

interface CheckpointRow {
  stream: string;
  seq: string;
  event_id: string | null;
}

const positionOf = (row: CheckpointRow | undefined): Position | null =>
  row ? { stream: row.stream, seq: Number(row.seq), eventId: row.event_id } : null;

/** Use of the scrape endpoint by caller and hour. */
export class PostgresUsageStore implements UsageStore {
  constructor(
    private readonly dataSource: DataSource,
    private readonly pool: pg.Pool,
    private readonly schema: string,
  ) {}

  async position(): Promise<Position | null> {
    return this.query(async () => {
      const { rows } = await this.pool.query<CheckpointRow>(this.select());
      return positionOf(rows[0]);
    });
  }

  async add(rows: readonly UsageHour[], { expected, next, forget }: UsageMove): Promise<void> {
    const lock = `LOCK TABLE "${this.schema}"."usage_checkpoint" IN SHARE ROW EXCLUSIVE MODE`;
    await this.query(() =>
      inTransaction(this.pool, lock, async (client) => {
        const found = positionOf((await client.query<CheckpointRow>(this.select())).rows[0]);
        if (found?.seq !== expected?.seq || found?.stream !== expected?.stream)
          throw new StaleCheckpointError(found);
        if (forget) await client.query(`DELETE FROM "${this.schema}"."usage"`);
        for (const row of rows) await client.query(this.upsert(), valuesOf(row));
        await client.query(this.move(), [next.stream, next.seq, next.eventId]);
      }),
    );
  }

  async hours({ caller, from, to }: UsageFilter): Promise<UsageHour[]> {
    return this.query(async () => {
      const query = this.dataSource.getRepository(UsageEntity).createQueryBuilder('usage');
      if (caller !== undefined) query.andWhere('usage.caller = :caller', { caller });
      if (from !== undefined) query.andWhere("usage.hour > :from::timestamptz - interval '1 hour'", { from });
      if (to !== undefined) query.andWhere('usage.hour < :to', { to });
      const rows = await query.orderBy('usage.hour', 'DESC').addOrderBy('usage.caller').getMany();
      return rows.map(usageOf);
    });
  }

  async totals(): Promise<Map<string, { served: number; refused: number; lastUsedAt: string }>> {
    return this.query(async () => {
      const rows = await this.dataSource
        .getRepository(UsageEntity)
        .createQueryBuilder('usage')
        .select('usage.caller', 'caller')
        .addSelect('sum(usage.served)', 'served')
        .addSelect('sum(usage.refused)', 'refused')
        .addSelect('max(usage.last_used_at)', 'last')
        .groupBy('usage.caller')
        .getRawMany<{ caller: string; served: string; refused: string; last: Date }>();
      return new Map(
        rows.map(({ caller, served, refused, last }) => [
          caller,
          { served: Number(served), refused: Number(refused), lastUsedAt: last.toISOString() },
        ]),
      );
    });
  }

  private async query<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof StaleCheckpointError ? error : asStoreError(error);
    }
  }

  private select(): string {
    return `SELECT "stream", "seq", "event_id" FROM "${this.schema}"."usage_checkpoint"`;
  }

  private move(): string {
    return `INSERT INTO "${this.schema}"."usage_checkpoint" ("stream", "seq", "event_id") VALUES ($1, $2, $3)
      ON CONFLICT ("one") DO UPDATE SET "stream" = excluded."stream", "seq" = excluded."seq", "event_id" = excluded."event_id"`;
  }

  private upsert(): string {
    const mine = `"${this.schema}"."usage"`;
    return `INSERT INTO ${mine} AS mine VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
      ON CONFLICT ("caller", "hour") DO UPDATE SET "served" = mine."served" + excluded."served",
        "refused" = mine."refused" + excluded."refused", "bytes" = mine."bytes" + excluded."bytes",
        "watt" = mine."watt" + excluded."watt", "last_used_at" = greatest(mine."last_used_at", excluded."last_used_at"),
        "refused_by_code" = (SELECT coalesce(jsonb_object_agg("code", "n"), '{}') FROM (
          SELECT "code", sum("count"::int) AS "n" FROM (
            SELECT * FROM jsonb_each_text(mine."refused_by_code") AS a ("code", "count")
            UNION ALL SELECT * FROM jsonb_each_text(excluded."refused_by_code") AS b ("code", "count")
          ) AS both_sides GROUP BY "code") AS summed)`;
  }
}

const valuesOf = (row: UsageHour): unknown[] => [
  ...[row.caller, row.hour, row.served, row.refused, row.bytes, row.watt],
  ...[JSON.stringify(row.refusedByCode), row.lastUsedAt],
];

const usageOf = ({
  caller,
  hour,
  served,
  refused,
  bytes,
  watt,
  refusedByCode,
  lastUsedAt,
}: UsageEntity): UsageHour => ({
  ...{ caller, served, refused, refusedByCode },
  hour: hour.toISOString(),
  bytes: Number(bytes),
  watt: Number(watt),
  lastUsedAt: lastUsedAt.toISOString(),
});
