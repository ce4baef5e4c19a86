import type { MigrationInterface, QueryRunner } from 'typeorm';
import { useOwnSchema } from '../own-schema.js';

/** Counts a call against several limits in one transaction and one way to the server (ADR 0050). */
export class TakeLimits1764300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await useOwnSchema(runner);
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await useOwnSchema(runner);
    await runner.query(`DROP FUNCTION "take_limits"`);
  }
}

/**
 * Windows begin at the first call. `nth` (from 1) is the limit that has refused, or the last; `counted` is without the calls when refused.
 * Rows stay locked until the end of the statement, so callers name the limits in one order.
 */
const UP = `CREATE FUNCTION "take_limits" (keys text[], calls integer[], per_window integer[], window_ms bigint,
    OUT allowed boolean, OUT nth integer, OUT counted integer, OUT ms_left bigint)
  LANGUAGE plpgsql SET search_path FROM CURRENT AS $body$
  DECLARE
    now_ms CONSTANT bigint := floor(extract(epoch FROM clock_timestamp()) * 1000);
  BEGIN
    allowed := true;
    FOR i IN 1 .. cardinality(keys) LOOP
      INSERT INTO rate_limit AS mine (key, points, expire) VALUES (keys[i], calls[i], now_ms + window_ms)
        ON CONFLICT ON CONSTRAINT rate_limit_pkey DO UPDATE SET
          points = CASE WHEN mine.expire <= now_ms THEN excluded.points ELSE mine.points + excluded.points END,
          expire = CASE WHEN mine.expire <= now_ms THEN excluded.expire ELSE mine.expire END
        RETURNING points, expire - now_ms INTO counted, ms_left;
      nth := i;
      IF counted > per_window[i] THEN
        UPDATE rate_limit AS mine SET points = points - back.n
          FROM unnest(keys[:i], calls[:i]) AS back (key, n) WHERE mine.key = back.key;
        allowed := false;
        counted := counted - calls[i];
        RETURN;
      END IF;
    END LOOP;
  END $body$`;
