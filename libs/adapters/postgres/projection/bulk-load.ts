import type pg from 'pg';
import { UnstorableError, type BulkLoad, type Position } from '#libs/engine/ports';
import type { Changes, JobRecord, PageMark, ParkedRecord } from '#libs/read-models';
import { isDeterministic } from '../errors.js';
import { copySql, copyText, type Table } from '../table.js';
import { withClient, type Client } from './client.js';
import { copyIn } from './copy-in.js';
import { PROJECTION, type Statements } from './statements.js';

/** Tables that take rows by COPY, without keys; the others are small and written at the end. */
const BULK = ['page', 'evidence', 'item'];

interface Definition {
  table: string;
  name: string;
  definition: string;
}

/** Fills an empty schema. What is no insert (a row replaced, a job removed) is remembered and done at the end, once. */
export class PostgresBulkLoad implements BulkLoad {
  private keys: Definition[] | null = null;
  private indexes: Definition[] = [];
  private jobs = new Map<string, JobRecord>();
  private marks = new Map<string, PageMark>();
  private parked: ParkedRecord[] = [];
  private removed: string[] = [];
  /** Page id → rows of it below this sequence go. */
  private replaced = new Map<string, number>();

  constructor(
    private readonly pool: pg.Pool,
    private readonly statements: Statements,
  ) {}

  async append(changes: Changes, fromSeq: number): Promise<void> {
    if (!this.keys) await this.dropKeys();
    this.remember(changes, fromSeq);
    const { page, evidence, item } = this.statements;
    try {
      await bothOrFail(
        withClient(this.pool, async (client) => {
          await this.copy(client, page, changes.pages);
          await this.copy(client, item, changes.items);
        }),
        withClient(this.pool, (client) => this.copy(client, evidence, changes.evidence)),
      );
    } catch (error) {
      if (isDeterministic(error)) throw new UnstorableError(error.message, { cause: error });
      throw error;
    }
  }

  async end(positions: Map<number, Position>): Promise<void> {
    await withClient(this.pool, (client) => this.deleteGone(client));
    await this.createKeys();
    await withClient(this.pool, async (client) => {
      const { job, mark, parked, schema } = this.statements;
      await this.statements.upsertAll(
        client,
        new Map<Table, readonly object[]>([
          [job, [...this.jobs.values()]],
          [mark, [...this.marks.values()]],
          [parked, this.parked],
        ]),
      );
      for (const [shard, { stream, seq, eventId }] of positions)
        await client.query(
          `INSERT INTO "${schema}".checkpoint (shard, projection, stream, seq, event_id) VALUES ($1, $2, $3, $4, $5)`,
          [shard, PROJECTION, stream, seq, eventId],
        );
    });
  }

  private remember(changes: Changes, fromSeq: number): void {
    for (const jobId of changes.removedJobs) {
      this.removed.push(jobId);
      this.parked = this.parked.filter((row) => row.jobId !== jobId);
      for (const [id, mark] of this.marks) if (mark.jobId === jobId) this.marks.delete(id);
    }
    for (const id of changes.replacedPages) this.replaced.set(id, fromSeq);
    for (const job of changes.jobs) this.jobs.set(job.jobId, job);
    for (const mark of changes.marks) this.marks.set(mark.pageId, mark);
    this.parked.push(...changes.parked);
  }

  private async copy(client: Client, table: Table, rows: readonly object[]): Promise<void> {
    if (rows.length === 0) return;
    await client.query('SET synchronous_commit = off');
    await copyIn(client, copySql(this.statements.schema, table), copyText(table, rows));
  }

  private async deleteGone(client: Client): Promise<void> {
    const { schema } = this.statements;
    const ids = `{${[...this.replaced.keys()].join(',')}}`;
    const seqs = `{${[...this.replaced.values()].join(',')}}`;
    for (const table of BULK) {
      const id = table === 'page' ? 'id' : 'page_id';
      if (this.removed.length > 0)
        await client.query(`DELETE FROM "${schema}"."${table}" WHERE job_id = ANY($1::text[])`, [
          this.removed,
        ]);
      if (this.replaced.size > 0)
        await client.query(
          `DELETE FROM "${schema}"."${table}" AS old USING unnest($1::uuid[], $2::bigint[]) AS gone (id, before)
           WHERE old."${id}" = gone.id AND old.seq < gone.before`,
          [ids, seqs],
        );
    }
  }

  private async dropKeys(): Promise<void> {
    const { schema } = this.statements;
    await withClient(this.pool, async (client) => {
      const keys = await client.query<Definition>(
        `SELECT t.relname AS table, c.conname AS name, pg_get_constraintdef(c.oid) AS definition
         FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
         WHERE n.nspname = $1 AND t.relname = ANY($2) AND c.contype = 'p'`,
        [schema, BULK],
      );
      for (const { table, name } of keys.rows)
        await client.query(`ALTER TABLE "${schema}"."${table}" DROP CONSTRAINT "${name}"`);
      const indexes = await client.query<Definition>(
        `SELECT tablename AS table, indexname AS name, indexdef AS definition FROM pg_indexes
         WHERE schemaname = $1 AND tablename = ANY($2)`,
        [schema, BULK],
      );
      for (const { name } of indexes.rows) await client.query(`DROP INDEX "${schema}"."${name}"`);
      this.keys = keys.rows;
      this.indexes = indexes.rows;
    });
  }

  /** Table by table on two connections, biggest first: making keys takes as long as the rows did, and two cores halve that. */
  private async createKeys(): Promise<void> {
    const { schema } = this.statements;
    const build = (table: string): Promise<void> =>
      withClient(this.pool, async (client) => {
        await client.query(`SET maintenance_work_mem = '128MB'; SET synchronous_commit = off`);
        for (const key of this.keys ?? [])
          if (key.table === table)
            await client.query(
              `ALTER TABLE "${schema}"."${table}" ADD CONSTRAINT "${key.name}" ${key.definition}`,
            );
        for (const index of this.indexes) if (index.table === table) await client.query(index.definition);
        await client.query(`ANALYZE "${schema}"."${table}"`);
      });
    await bothOrFail(
      build('evidence'),
      build('page').then(() => build('item')),
    );
  }
}

/** Waits for both before it fails, so that no connection is in use when the caller cleans up. */
async function bothOrFail(...work: Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
