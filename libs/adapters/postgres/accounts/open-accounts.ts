import 'reflect-metadata';
import { DataSource } from 'typeorm';
import type { RateLimits, UsageStore } from '#libs/engine/ports';
import { accountMigrations } from '#migrations';
import { asStoreError } from '../errors.js';
import { checkSchemaName, migrate } from '../migrate.js';
import { projectionPool } from '../projection/client.js';
import { UsageEntity } from './usage.entity.js';
import { PostgresRateLimits } from './rate-limits.js';
import { PostgresUsageStore } from './usage-store.js';

export interface OpenAccounts {
  readonly limits: RateLimits;
  readonly usage: UsageStore;
  close(): Promise<void>;
}

const FORGET_EVERY_MS = 10 * 60_000;

/**
 * What is kept of callers: limits, and a read model of their use. In a schema of its own, brought up to date here.
 * @throws SpoorError store_unavailable
 */
export async function openAccounts(url: string, schemaName = 'spoor_accounts'): Promise<OpenAccounts> {
  const schema = checkSchemaName(schemaName);
  const dataSource = new DataSource({
    ...{ type: 'postgres', url, schema, synchronize: false, logging: false, poolSize: 3 },
    ...{ entities: [UsageEntity], migrations: accountMigrations, migrationsTableName: 'migration' },
    ...{ migrationsTransactionMode: 'each', applicationName: 'spoor accounts', connectTimeoutMS: 10_000 },
    poolErrorHandler: () => undefined,
  });
  try {
    await dataSource.initialize();
    await migrate(dataSource, url, schema);
  } catch (error) {
    throw asStoreError(error);
  }
  const pool = projectionPool(url, 4);
  // All calls of a key count in one row, whose lock would be held until the disk has answered. A crash of Postgres (not of ours)
  // forgets what was counted in its last moments; nothing else stands in these tables.
  const counters = projectionPool(url, 16, '-c synchronous_commit=off');
  const limits = new PostgresRateLimits(counters, schema);
  // What fails now is done at the next turn.
  const cleaning = setInterval(() => void limits.forget().catch(() => undefined), FORGET_EVERY_MS);
  cleaning.unref();
  return {
    limits,
    usage: new PostgresUsageStore(dataSource, pool, schema),
    close: async () => {
      clearInterval(cleaning);
      await Promise.all([dataSource.destroy(), pool.end(), counters.end()]);
    },
  };
}
