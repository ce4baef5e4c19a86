import type { MigrationInterface, QueryRunner } from 'typeorm';
import { useOwnSchema } from '../own-schema.js';

/** Beside the read models of jobs, in a schema of their own: a rebuild of those replaces their schema as a whole. */
export class Accounts1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await useOwnSchema(runner);
    for (const sql of UP) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await useOwnSchema(runner);
    for (const table of ['usage_checkpoint', 'usage', 'rate_limit'])
      await runner.query(`DROP TABLE "${table}"`);
  }
}

const UP = [
  // Columns as rate-limiter-flexible names them.
  `CREATE TABLE "rate_limit" (
    "key" varchar(255) NOT NULL, "points" integer NOT NULL, "expire" bigint,
    CONSTRAINT "rate_limit_pkey" PRIMARY KEY ("key"))`,
  `CREATE INDEX "rate_limit_by_expiry" ON "rate_limit" ("expire")`,
  `CREATE TABLE "usage" (
    "caller" text NOT NULL, "hour" timestamptz(0) NOT NULL, "served" integer NOT NULL, "refused" integer NOT NULL,
    "bytes" bigint NOT NULL, "watt" bigint NOT NULL, "refused_by_code" jsonb NOT NULL,
    "last_used_at" timestamptz(3) NOT NULL,
    CONSTRAINT "usage_pkey" PRIMARY KEY ("caller", "hour"))`,
  `CREATE TABLE "usage_checkpoint" (
    "one" boolean NOT NULL DEFAULT true, "stream" text NOT NULL, "seq" bigint NOT NULL, "event_id" text,
    CONSTRAINT "usage_checkpoint_pkey" PRIMARY KEY ("one"), CONSTRAINT "usage_checkpoint_one" CHECK ("one"))`,
];
