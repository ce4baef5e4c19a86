import { createHash } from 'node:crypto';
import type pg from 'pg';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Limit, LimitVerdict, RateLimits } from '#libs/engine/ports';
import { asStoreError } from '../errors.js';

const HOUR_SECONDS = 3600;

/** Fixed windows of an hour that begin at a caller's first call, counted by Postgres in one statement each. */
export class PostgresRateLimits implements RateLimits {
  private readonly limiters = new Map<number, RateLimiterPostgres>();

  constructor(
    private readonly pool: pg.Pool,
    private readonly schema: string,
  ) {}

  async take(limits: readonly Limit[]): Promise<LimitVerdict> {
    const taken: Limit[] = [];
    let last: LimitVerdict | null = null;
    for (const limit of limits) {
      const verdict = await this.count(limit);
      if (!verdict.allowed) {
        // A call that is refused by one limit is none for the others; and of many at once the limit may still bear fewer.
        const counted = callsOf(limit) > 1 ? [...taken, limit] : taken;
        await Promise.all(counted.map((one) => this.limiterOf(one).reward(keyOf(one), callsOf(one))));
        return verdict;
      }
      taken.push(limit);
      last = verdict;
    }
    if (last === null) throw new RangeError('no limit was named');
    return last;
  }

  private async count(limit: Limit): Promise<LimitVerdict> {
    try {
      return verdictOf(limit, await this.limiterOf(limit).consume(keyOf(limit), callsOf(limit)), true);
    } catch (error) {
      if (error instanceof RateLimiterRes) return verdictOf(limit, error, false);
      throw asStoreError(error);
    }
  }

  private limiterOf({ perHour }: Limit): RateLimiterPostgres {
    let limiter = this.limiters.get(perHour);
    if (!limiter) {
      limiter = new RateLimiterPostgres({
        ...{ storeClient: this.pool, storeType: 'pool', schemaName: this.schema, tableName: 'rate_limit' },
        ...{ tableCreated: true, keyPrefix: '', points: perHour, duration: HOUR_SECONDS },
      });
      this.limiters.set(perHour, limiter);
    }
    return limiter;
  }
}

const callsOf = ({ calls = 1 }: Limit): number => calls;

/** Callers choose what is counted, so it may be long, and it may be private: a URL, an address. */
const keyOf = ({ of }: Limit): string => createHash('sha256').update(of).digest('base64url');

const verdictOf = (limit: Limit, result: RateLimiterRes, allowed: boolean): LimitVerdict => ({
  allowed,
  limit: limit.perHour,
  // What many calls at once could not have, fewer may.
  remaining: allowed
    ? result.remainingPoints
    : Math.max(0, limit.perHour - (result.consumedPoints - callsOf(limit))),
  resetSeconds: Math.max(1, Math.ceil(result.msBeforeNext / 1000)),
});
