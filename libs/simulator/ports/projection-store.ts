import {
  StaleCheckpointError,
  type Commit,
  type ParkedJob,
  type Position,
  type ProjectionStore,
  type RebuildTarget,
} from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import { DatabaseServer, type Transaction } from '../servers/database-server.js';
import type { Tables } from '../servers/tables.js';
import type { Database } from './database.js';

/** The projection's tables as the adapter keeps them: one transaction for each commit, behind the lock of the checkpoint's row. */
export class SimulatedProjectionStore implements ProjectionStore {
  constructor(
    private readonly database: Database,
    private readonly server: DatabaseServer,
  ) {}

  private get tables(): Tables {
    return this.server.tables;
  }

  checkpoint(): Promise<Position | null> {
    return this.database.ask('read checkpoint', () => this.tables.checkpoint);
  }

  snapshot(): Promise<never> {
    return Promise.reject(new Error('no simulated process compares rows; the oracles do'));
  }

  async commit({ expected, next, unpark, jobIds, fold }: Commit): Promise<void> {
    await this.inTransaction(async (transaction) => {
      const state = await this.within(transaction, 'read state', () => {
        const found = this.tables.checkpoint ?? fresh(expected);
        if (found?.seq !== expected.seq || found.stream !== expected.stream)
          throw new StaleCheckpointError(this.tables.checkpoint);
        const jobs = jobIds.flatMap((id) => this.tables.jobs.get(id) ?? []);
        return {
          jobs: new Map(jobs.map((job) => [job.jobId, job])),
          parkedJobs: this.tables.parkedJobs(jobIds),
        };
      });
      const pages = (ids: string[]) =>
        this.within(transaction, 'read pages', () => this.tables.pageStates(ids));
      const changes = await fold({ ...state, pages });
      await this.within(transaction, `commit up to ${next.seq}`, () =>
        this.server.commit(transaction, { changes, next, unpark }),
      );
    });
  }

  parked(shard: number): Promise<ParkedJob[]> {
    return this.database.ask('read parked', () =>
      [...this.tables.parked.values()]
        .filter((row) => row.shard === shard && row.reason !== null)
        .map(({ jobId, seq, reason, codeVersion }) => ({
          ...{ jobId, firstSeq: seq, reason: reason ?? '', codeVersion, events: 1 },
        })),
    );
  }

  async beginRebuild(): Promise<RebuildTarget> {
    await this.database.ask('begin rebuild', () => {
      if (this.server.rebuilding?.alive) throw new SpoorError('conflict', 'Another rebuild is under way.');
      this.server.rebuilding = this.database.life;
    });
    const beside = new DatabaseServer();
    const store = new SimulatedProjectionStore(this.database, beside);
    const swap = (catchUp: (live: Map<number, Position>) => Promise<void>): Promise<void> =>
      this.inTransaction(async (transaction) => {
        const live = this.tables.checkpoint;
        await catchUp(live ? new Map([[0, live]]) : new Map());
        await this.within(transaction, 'swap tables', () => this.server.swap(beside.tables));
      });
    return {
      load: {
        append: (changes) => this.database.ask('load rows', () => beside.tables.apply(changes)),
        end: (positions) =>
          this.database.ask('end of load', () => {
            beside.tables.checkpoint = positions.get(0) ?? null;
            beside.swap(beside.tables);
          }),
      },
      store,
      swap,
      discard: async () => {
        if (this.server.rebuilding === this.database.life) this.server.rebuilding = null;
      },
    };
  }

  /** The server rolls back what was not committed when the connection ends, for whatever reason. */
  private async inTransaction(work: (transaction: Transaction) => Promise<void>): Promise<void> {
    const transaction: Transaction = { open: true };
    this.database.life.onEnd(() => this.server.end(transaction));
    try {
      await this.database.call<void>('begin', (answer) => this.server.lock(transaction, () => answer()));
      await work(transaction);
    } finally {
      this.server.end(transaction);
    }
  }

  private within<T>(transaction: Transaction, label: string, effect: () => T): Promise<T> {
    return this.database.ask(label, () => {
      if (!transaction.open)
        throw new SpoorError('store_unavailable', `${label}: the server ended the connection`);
      return effect();
    });
  }
}

/** The row that the first commit makes. */
const fresh = (expected: Position): Position | null =>
  expected.seq === 0 ? { stream: expected.stream, seq: 0, eventId: null } : null;
