import pg from 'pg';
import type { Position, ProjectionStore, RebuildTarget } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import { createDataSource } from '../data-source.js';
import { LOCK_CLASS, migrate, REBUILD_LOCK } from '../migrate.js';
import { PostgresBulkLoad } from './bulk-load.js';
import { projectionPool } from './client.js';
import { PostgresProjectionStore } from './projection-store.js';
import { PROJECTION, Statements } from './statements.js';

/** A schema beside the live one. The lock of `control` is held from here to `swap` or `discard`. */
export async function beginRebuild(url: string, live: string): Promise<RebuildTarget> {
  const schema = `${live}_rebuild`;
  const control = new pg.Client({ connectionString: url, application_name: 'spoor rebuild' });
  control.on('error', () => undefined);
  await control.connect();
  try {
    const lock = await control.query<{ mine: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS mine', [
      LOCK_CLASS,
      REBUILD_LOCK,
    ]);
    if (!lock.rows[0]?.mine)
      throw new SpoorError('conflict', 'Another rebuild of the read models is under way.');
    await dropSchemas(control, live);
    const dataSource = createDataSource({ url, schema, poolSize: 1 });
    await dataSource.initialize();
    const statements = new Statements(dataSource, schema);
    await migrate(dataSource, url, schema).finally(() => dataSource.destroy());
    return new PostgresRebuildTarget(control, projectionPool(url, 2), statements, live, schema);
  } catch (error) {
    await control.end();
    throw error;
  }
}

/**
 * What a rebuild has replaced, or an earlier one left behind when its process died. Table by table: readers that began before the
 * swap hold some of the old tables and wait for others, and whoever drops them all at once waits for the readers while they wait.
 */
async function dropSchemas(control: pg.Client, live: string): Promise<void> {
  for (const schema of [`${live}_rebuild`, `${live}_old`]) {
    const tables = await control.query<{ name: string }>(
      'SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 ORDER BY tablename',
      [schema],
    );
    for (const { name } of tables.rows)
      await control.query(`DROP TABLE IF EXISTS "${schema}"."${name}" CASCADE`);
    await control.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
  }
}

class PostgresRebuildTarget implements RebuildTarget {
  readonly load: PostgresBulkLoad;
  readonly store: ProjectionStore;
  private open = true;

  constructor(
    private readonly control: pg.Client,
    private readonly pool: pg.Pool,
    statements: Statements,
    private readonly live: string,
    private readonly schema: string,
  ) {
    this.load = new PostgresBulkLoad(pool, statements);
    this.store = new PostgresProjectionStore(pool, statements, () =>
      Promise.reject(new SpoorError('conflict', 'A rebuild is under way.')),
    );
  }

  async swap(catchUp: (live: Map<number, Position>) => Promise<void>): Promise<void> {
    const { control, live, schema } = this;
    await control.query('BEGIN');
    try {
      const rows = await control.query<{
        shard: number;
        stream: string;
        seq: string;
        event_id: string | null;
      }>(`SELECT shard, stream, seq, event_id FROM "${live}".checkpoint WHERE projection = $1 FOR UPDATE`, [
        PROJECTION,
      ]);
      await catchUp(
        new Map(
          rows.rows.map((r) => [r.shard, { stream: r.stream, seq: Number(r.seq), eventId: r.event_id }]),
        ),
      );
      await control.query(`ALTER SCHEMA "${live}" RENAME TO "${live}_old"`);
      await control.query(`ALTER SCHEMA "${schema}" RENAME TO "${live}"`);
      await control.query('COMMIT');
    } catch (error) {
      await control.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
    await this.discard();
  }

  async discard(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await this.pool.end();
    await dropSchemas(this.control, this.live).finally(() => this.control.end());
  }
}
