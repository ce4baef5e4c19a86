import pg from 'pg';
import { asStoreError } from '../errors.js';

export type Client = pg.PoolClient;

/** @param options settings of its sessions, as `-c name=value` */
export function projectionPool(url: string, max: number, options?: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    ...{ max, options },
    application_name: 'spoor projection',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  // A connection that breaks while idle is replaced at its next use; without this it would end the process.
  pool.on('error', () => undefined);
  return pool;
}

/** A connection for the time of `work`; it is closed instead of given back when the work failed on it. */
export async function withClient<T>(pool: pg.Pool, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw asStoreError(error);
  });
  // While it is ours the pool does not listen; the query that is under way fails by itself.
  const ignore = (): void => undefined;
  client.on('error', ignore);
  let failed = true;
  try {
    const answer = await work(client);
    failed = false;
    return answer;
  } finally {
    client.off('error', ignore);
    client.release(failed);
  }
}

/**
 * What is written can be folded again, and rows and checkpoint are lost together: a commit need not wait for the disk. Rows are
 * always found by their keys, a batch at a time, because the statistics of tables that have just begun to grow would have it otherwise.
 */
const BEGIN = [
  'BEGIN',
  'SET LOCAL synchronous_commit = off',
  'SET LOCAL enable_seqscan = off',
  'SET LOCAL enable_hashjoin = off',
  'SET LOCAL enable_mergejoin = off',
  'SET LOCAL jit = off',
].join('; ');

/** @param lock statement that is run before anything is read, on the same way to the server */
export const inTransaction = <T>(
  pool: pg.Pool,
  lock: string,
  work: (client: Client) => Promise<T>,
): Promise<T> =>
  withClient(pool, async (client) => {
    await client.query(`${BEGIN}; ${lock}`);
    try {
      const answer = await work(client);
      await client.query('COMMIT');
      return answer;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  });
