import 'reflect-metadata';
import type { DataSource } from 'typeorm';
import type { ProjectionStore, ReadModels } from '#libs/engine/ports';
import { createDataSource } from './data-source.js';
import { canonicalDump } from './dump.js';
import { asStoreError } from './errors.js';
import { checkSchemaName, migrate } from './migrate.js';
import { projectionPool } from './projection/client.js';
import { PostgresProjectionStore } from './projection/projection-store.js';
import { beginRebuild } from './projection/rebuild-target.js';
import { Statements } from './projection/statements.js';
import { PostgresReadModels } from './queries/read-models.js';

export interface DatabaseOptions {
  /** Schema of the live read models; default `spoor`. */
  schema?: string;
  /** Most connections for queries; default 5. The projection has two of its own, opened when it is used. */
  poolSize?: number;
}

export interface OpenDatabase {
  readonly dataSource: DataSource;
  readonly readModels: ReadModels;
  readonly projectionStore: ProjectionStore;
  /** Brings the tables up to date; safe when several processes do it at once. @throws SpoorError store_unavailable */
  migrate(): Promise<void>;
  /** The rows as comparable text, see dump.ts. */
  dump(): AsyncIterable<string>;
  close(): Promise<void>;
}

/**
 * Connects. Postgres may restart later: connections are made anew, and calls in between fail with store_unavailable.
 * @throws SpoorError store_unavailable when it does not answer, refuses the credentials, or has no such database
 */
export async function openDatabase(url: string, options: DatabaseOptions = {}): Promise<OpenDatabase> {
  const schema = checkSchemaName(options.schema ?? 'spoor');
  try {
    const dataSource = createDataSource({ url, schema, poolSize: options.poolSize ?? 5 });
    await dataSource.initialize();
    const pool = projectionPool(url, 2);
    const statements = new Statements(dataSource, schema);
    return {
      dataSource,
      readModels: new PostgresReadModels(dataSource, schema),
      projectionStore: new PostgresProjectionStore(pool, statements, () => beginRebuild(url, schema)),
      migrate: () =>
        migrate(dataSource, url, schema).catch((error: unknown) => {
          throw asStoreError(error);
        }),
      dump: () => canonicalDump(dataSource, schema),
      close: async () => {
        await Promise.all([dataSource.destroy(), pool.end()]);
      },
    };
  } catch (error) {
    throw asStoreError(error);
  }
}
