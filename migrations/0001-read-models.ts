import type { MigrationInterface, QueryRunner } from 'typeorm';
import { useOwnSchema } from './own-schema.js';

export class ReadModels1763800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await useOwnSchema(runner);
    for (const sql of UP) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await useOwnSchema(runner);
    for (const table of TABLES) await runner.query(`DROP TABLE "${table}"`);
  }
}

const TABLES = ['parked_event', 'checkpoint', 'page_mark', 'item', 'evidence', 'page', 'job'];

const UP = [
  `CREATE TABLE "job" (
    "id" text NOT NULL, "shard" integer NOT NULL, "name" text, "status" text NOT NULL, "run" integer NOT NULL,
    "generation" integer NOT NULL, "spec" jsonb NOT NULL, "fetched" integer NOT NULL, "failed" integer NOT NULL,
    "skipped" integer NOT NULL, "retries" integer NOT NULL, "redirects" integer NOT NULL, "bytes" bigint NOT NULL,
    "status_codes" jsonb NOT NULL, "last_error" text, "last_error_code" text, "hint" text,
    "created_at" timestamptz(3) NOT NULL, "updated_at" timestamptz(3) NOT NULL, "ended_at" timestamptz(3),
    "created_seq" bigint NOT NULL, "seq" bigint NOT NULL,
    CONSTRAINT "job_pkey" PRIMARY KEY ("id")) WITH (fillfactor = 50)`,
  `CREATE INDEX "job_by_age" ON "job" ("created_at", "id")`,
  `CREATE TABLE "page" (
    "id" uuid NOT NULL, "job_id" text NOT NULL, "generation" integer NOT NULL, "run" integer NOT NULL, "url" text NOT NULL,
    "host" text NOT NULL, "final_url" text NOT NULL, "outcome" text NOT NULL, "status_code" integer NOT NULL,
    "error_code" text, "title" text, "h1" text, "stage" text NOT NULL, "depth" integer NOT NULL, "load_time" integer,
    "content_type" text, "robots_blocked" boolean NOT NULL, "body_sha256" text, "metadata" jsonb NOT NULL,
    "seq" bigint NOT NULL,
    CONSTRAINT "page_pkey" PRIMARY KEY ("id"))`,
  `CREATE INDEX "page_by_seq" ON "page" ("job_id", "generation", "seq")`,
  `CREATE INDEX "page_unusual" ON "page" ("job_id", "generation", "seq")
    WHERE (status_code <> 200 OR error_code IS NOT NULL OR robots_blocked)`,
  `CREATE TABLE "evidence" (
    "page_id" uuid NOT NULL, "type" text NOT NULL, "id" uuid NOT NULL, "job_id" text NOT NULL,
    "generation" integer NOT NULL, "url" text NOT NULL, "content" text NOT NULL, "metadata" jsonb NOT NULL,
    "seq" bigint NOT NULL,
    CONSTRAINT "evidence_pkey" PRIMARY KEY ("page_id", "type"))`,
  `CREATE INDEX "evidence_by_seq" ON "evidence" ("job_id", "generation", "seq")`,
  `CREATE INDEX "evidence_unusual" ON "evidence" ("job_id", "generation", "seq")
    WHERE (type = ANY (ARRAY['fetch_error'::text, 'redirect_chain'::text]))`,
  `CREATE TABLE "item" (
    "page_id" uuid NOT NULL, "index" integer NOT NULL, "id" uuid NOT NULL, "job_id" text NOT NULL,
    "generation" integer NOT NULL, "url" text NOT NULL, "stage" text NOT NULL, "data" jsonb NOT NULL, "seq" bigint NOT NULL,
    CONSTRAINT "item_pkey" PRIMARY KEY ("page_id", "index"))`,
  `CREATE INDEX "item_by_seq" ON "item" ("job_id", "generation", "seq", "index")`,
  `CREATE TABLE "page_mark" (
    "page_id" uuid NOT NULL, "job_id" text NOT NULL, "outcome" text, "status_code" integer NOT NULL,
    "requeued_in_run" integer NOT NULL, "retried_run" integer NOT NULL, "retried_try" integer NOT NULL,
    CONSTRAINT "page_mark_pkey" PRIMARY KEY ("page_id"))`,
  `CREATE INDEX "page_mark_by_job" ON "page_mark" ("job_id")`,
  `CREATE TABLE "checkpoint" (
    "shard" integer NOT NULL, "projection" text NOT NULL, "stream" text NOT NULL, "seq" bigint NOT NULL, "event_id" text,
    CONSTRAINT "checkpoint_pkey" PRIMARY KEY ("shard", "projection"))`,
  `CREATE TABLE "parked_event" (
    "shard" integer NOT NULL, "seq" bigint NOT NULL, "job_id" text, "event_id" text, "type" text, "reason" text,
    "code_version" text NOT NULL, "stored_at" timestamptz(3) NOT NULL,
    CONSTRAINT "parked_event_pkey" PRIMARY KEY ("shard", "seq"))`,
  `CREATE INDEX "parked_event_by_job" ON "parked_event" ("job_id", "seq")`,
];
