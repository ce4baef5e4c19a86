import type { MigrationInterface, QueryRunner } from 'typeorm';
import { useOwnSchema } from './own-schema.js';

export class ItemVersions1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await useOwnSchema(runner);
    for (const sql of UP) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await useOwnSchema(runner);
    for (const sql of DOWN) await runner.query(sql);
  }
}

const UP = [
  `ALTER TABLE "item" ADD "version" integer NOT NULL DEFAULT 1`,
  `ALTER TABLE "item" ALTER "version" DROP DEFAULT`,
  `ALTER TABLE "item" DROP CONSTRAINT "item_pkey"`,
  `ALTER TABLE "item" ADD CONSTRAINT "item_pkey" PRIMARY KEY ("page_id", "version", "index")`,
  `ALTER TABLE "job" ADD "item_versions" jsonb NOT NULL DEFAULT '[1]'`,
  `ALTER TABLE "job" ALTER "item_versions" DROP DEFAULT`,
  `ALTER TABLE "page_mark" ADD "item_version" integer NOT NULL DEFAULT 0`,
  `ALTER TABLE "page_mark" ALTER "item_version" DROP DEFAULT`,
];

const DOWN = [
  `DELETE FROM "item" WHERE "version" > 1`,
  `ALTER TABLE "item" DROP CONSTRAINT "item_pkey"`,
  `ALTER TABLE "item" DROP "version"`,
  `ALTER TABLE "item" ADD CONSTRAINT "item_pkey" PRIMARY KEY ("page_id", "index")`,
  `ALTER TABLE "job" DROP "item_versions"`,
  `ALTER TABLE "page_mark" DROP "item_version"`,
];
