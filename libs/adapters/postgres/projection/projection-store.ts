import type pg from 'pg';
import {
  StaleCheckpointError,
  UnstorableError,
  type Commit,
  type ParkedJob,
  type Position,
  type ProjectionStore,
  type RebuildTarget,
  type RowSnapshot,
} from '#libs/engine/ports';
import { asStoreError, isDeterministic } from '../errors.js';
import { inTransaction, withClient, type Client } from './client.js';
import { lockState, positionOf, readPages } from './read-state.js';
import { PROJECTION, type Statements } from './statements.js';
import { openSnapshot } from './row-snapshot.js';
import { writeChanges } from './write-changes.js';

const OWN = 'WHERE shard = $1 AND projection = $2';

export class PostgresProjectionStore implements ProjectionStore {
  constructor(
    private readonly pool: pg.Pool,
    private readonly statements: Statements,
    readonly beginRebuild: () => Promise<RebuildTarget>,
  ) {}

  async checkpoint(shard: number): Promise<Position | null> {
    return this.reading((client) => this.position(client, shard));
  }

  async commit({ shard, expected, next, unpark, jobIds, fold }: Commit): Promise<void> {
    try {
      await inTransaction(this.pool, this.lockSql(shard), async (client) => {
        const { jobs, parkedJobs } = await this.lock(client, shard, expected, jobIds);
        if (unpark) await this.unpark(client, unpark);
        const pages = (pageIds: string[]) => readPages(client, this.statements, pageIds);
        const changes = await fold({ jobs, parkedJobs, pages });
        await writeChanges(client, this.statements, changes);
        await this.move(client, shard, expected, next);
      });
    } catch (error) {
      if (isDeterministic(error))
        throw new UnstorableError(`Postgres refuses it: ${error.message} (${error.code})`, { cause: error });
      throw error;
    }
  }

  async parked(shard: number): Promise<ParkedJob[]> {
    const rows = await this.reading((client) =>
      this.statements.run(
        client,
        'parked',
        `SELECT job_id, min(seq) AS first_seq, count(*) AS events, (array_agg(reason ORDER BY seq))[1] AS reason,
           (array_agg(code_version ORDER BY seq))[1] AS code_version
         FROM $schema.parked_event WHERE shard = $1 GROUP BY job_id ORDER BY min(seq)`,
        [shard],
      ),
    );
    return rows.map((row) => ({
      jobId: row['job_id'] === null ? null : String(row['job_id']),
      firstSeq: Number(row['first_seq']),
      reason: String(row['reason'] ?? 'waits behind an event that was parked'),
      codeVersion: String(row['code_version']),
      events: Number(row['events']),
    }));
  }

  async snapshot(): Promise<RowSnapshot> {
    const client = await this.pool.connect().catch((error: unknown) => {
      throw asStoreError(error);
    });
    return openSnapshot(client, this.statements);
  }

  /** One projector at a time: a second one waits here, and then finds the checkpoint moved. */
  private lockSql(shard: number): string {
    const { schema } = this.statements;
    return `SELECT FROM "${schema}".checkpoint WHERE shard = ${Math.trunc(shard)} AND projection = '${PROJECTION}' FOR UPDATE`;
  }

  private async lock(client: Client, shard: number, expected: Position, jobIds: string[]) {
    if (expected.seq === 0)
      await this.statements.run(
        client,
        'first-checkpoint',
        `INSERT INTO $schema.checkpoint (shard, projection, stream, seq, event_id) VALUES ($1, $2, $3, 0, NULL)
         ON CONFLICT (shard, projection) DO NOTHING`,
        [shard, PROJECTION, expected.stream],
      );
    const locked = await lockState(client, this.statements, shard, jobIds);
    if (locked?.position.seq === expected.seq && locked.position.stream === expected.stream) return locked;
    throw new StaleCheckpointError(locked?.position ?? null);
  }

  private async move(client: Client, shard: number, expected: Position, next: Position): Promise<void> {
    const moved = await this.statements.run(
      client,
      'checkpoint',
      `UPDATE $schema.checkpoint SET stream = $3, seq = $4, event_id = $5 ${OWN} AND seq = $6 AND stream = $7 RETURNING seq`,
      [shard, PROJECTION, next.stream, next.seq, next.eventId, expected.seq, expected.stream],
    );
    if (moved.length !== 1) throw new StaleCheckpointError(await this.position(client, shard));
  }

  private async position(client: Client, shard: number): Promise<Position | null> {
    const sql = `SELECT stream, seq, event_id FROM $schema.checkpoint ${OWN}`;
    const [row] = await this.statements.run(client, 'position', sql, [shard, PROJECTION]);
    return row ? positionOf(row) : null;
  }

  private async unpark(client: Client, { jobId, upTo }: { jobId: string; upTo: number }): Promise<void> {
    const sql = 'DELETE FROM $schema.parked_event WHERE job_id = $1 AND seq <= $2';
    await this.statements.run(client, 'unpark', sql, [jobId, upTo]);
  }

  private async reading<T>(work: (client: Client) => Promise<T>): Promise<T> {
    return withClient(this.pool, work).catch((error: unknown) => {
      throw asStoreError(error);
    });
  }
}
