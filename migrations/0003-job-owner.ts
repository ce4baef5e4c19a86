import type { MigrationInterface, QueryRunner } from 'typeorm';
import { useOwnSchema } from './own-schema.js';

/** Jobs from before there were owners are the operator's, which is what null says. */
export class JobOwner1764200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await useOwnSchema(runner);
    await runner.query(`ALTER TABLE "job" ADD "owner" text`);
    await runner.query(`CREATE INDEX "job_by_owner" ON "job" ("owner", "created_at", "id")`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await useOwnSchema(runner);
    await runner.query(`DROP INDEX "job_by_owner"`);
    await runner.query(`ALTER TABLE "job" DROP "owner"`);
  }
}
