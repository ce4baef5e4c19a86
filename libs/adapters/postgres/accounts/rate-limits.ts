import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Limit, LimitVerdict, RateLimits } from '#libs/engine/ports';
import { asStoreError } from '../errors.js';

const HOUR_MS = 3_600_000;

interface Taken {
  allowed: boolean;
  nth: number;
  counted: number;
  ms_left: string;
}

/** Fixed windows of an hour that begin at a caller's first call, by the clock of Postgres: one statement for all limits of a call. */
export class PostgresRateLimits implements RateLimits {
  private readonly takeStatement: string;
  private readonly forgetStatement: string;

  constructor(
    private readonly pool: pg.Pool,
    schema: string,
  ) {
    this.takeStatement = `SELECT * FROM "${schema}"."take_limits"($1, $2, $3, ${HOUR_MS})`;
    const table = `"${schema}"."rate_limit"`;
    // Waits for no row: calls lock theirs in an order that this one does not keep.
    this.forgetStatement = `DELETE FROM ${table} WHERE "key" IN (SELECT "key" FROM ${table}
      WHERE "expire" <= extract(epoch FROM now()) * 1000 FOR UPDATE SKIP LOCKED)`;
  }

  async take(limits: readonly Limit[]): Promise<LimitVerdict> {
    const values = [limits.map(keyOf), limits.map(callsOf), limits.map(({ perHour }) => perHour)];
    const rows = await this.query<Taken>({ name: 'take_limits', text: this.takeStatement, values });
    const limit = rows[0] && limits[rows[0].nth - 1];
    if (!limit) throw new RangeError('no limit was named');
    const { allowed, counted, ms_left } = rows[0]!;
    return {
      ...{ allowed, limit: limit.perHour },
      // What many calls at once could not have, fewer may.
      remaining: Math.max(0, limit.perHour - counted),
      resetSeconds: Math.max(1, Math.ceil(Number(ms_left) / 1000)),
    };
  }

  /** Drops the windows that are over: URLs that are asked for once would stay for ever. */
  async forget(): Promise<void> {
    await this.query({ text: this.forgetStatement });
  }

  private async query<Row extends pg.QueryResultRow>(config: pg.QueryConfig): Promise<Row[]> {
    try {
      return (await this.pool.query<Row>(config)).rows;
    } catch (error) {
      throw asStoreError(error);
    }
  }
}

const callsOf = ({ calls = 1 }: Limit): number => calls;

/** Callers choose what is counted, so it may be long, and it may be private: a URL, an address. */
const keyOf = ({ of }: Limit): string => createHash('sha256').update(of).digest('base64url');
