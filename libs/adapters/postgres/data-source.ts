import { DataSource } from 'typeorm';
import { migrations } from '#migrations';
import { entities } from './entities/index.js';

export interface DataSourceOptions {
  url: string;
  schema: string;
  poolSize: number;
}

/** The one definition of the tables: entities for queries, migrations for the schema, never `synchronize`. */
export const createDataSource = ({ url, schema, poolSize }: DataSourceOptions): DataSource =>
  new DataSource({
    type: 'postgres',
    url,
    schema,
    entities,
    migrations,
    migrationsTableName: 'migration',
    migrationsTransactionMode: 'each',
    synchronize: false,
    logging: false,
    poolSize,
    applicationName: 'spoor',
    connectTimeoutMS: 10_000,
    // A connection that breaks while idle is replaced at its next use; without this it would end the process.
    poolErrorHandler: () => undefined,
    extra: { keepAlive: true, keepAliveInitialDelayMillis: 10_000 },
  });
