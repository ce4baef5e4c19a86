import type { Position } from '#libs/engine/ports';
import type { Changes } from '#libs/read-models';
import type { Life } from '../life.js';
import type { Random } from '../random.js';
import { Tables } from './tables.js';

interface Committed {
  changes: Changes;
  next: Position;
  unpark: { jobId: string; upTo: number } | undefined;
}

export interface Transaction {
  /** False once the server has rolled it back by itself. */
  open: boolean;
}

/** How many of its last commits a crash may take back: they were answered before they were on the disk. */
const TAKES_BACK = 4;

/** The database: one transaction at a time holds the checkpoint's row. */
export class DatabaseServer {
  tables = new Tables();
  /** Everything committed since `base`, so that a crash can take the end of it back. */
  private committed: Committed[] = [];
  private base = new Tables();
  /** Who makes the tables anew. */
  rebuilding: Life | null = null;
  private holder: Transaction | null = null;
  private waiting: { transaction: Transaction; go: () => void }[] = [];

  /** Calls back when the transaction holds the row. */
  lock(transaction: Transaction, go: () => void): void {
    if (this.holder) this.waiting.push({ transaction, go });
    else {
      this.holder = transaction;
      go();
    }
  }

  /** Rolls back, unless it was committed. */
  end(transaction: Transaction): void {
    transaction.open = false;
    this.waiting = this.waiting.filter((other) => other.transaction !== transaction);
    if (this.holder !== transaction) return;
    this.holder = null;
    const next = this.waiting.shift();
    if (next) this.lock(next.transaction, next.go);
  }

  commit(transaction: Transaction, committed: Committed): void {
    this.committed.push(committed);
    this.redo(committed);
    this.end(transaction);
  }

  /** pg_ctl -m immediate: open transactions are gone, and the last commits may be, in order from the end. */
  crash(random: Random): void {
    const gone = random.int(0, TAKES_BACK);
    this.committed = this.committed.slice(0, Math.max(0, this.committed.length - gone));
    this.tables = this.base.clone();
    for (const one of this.committed) this.redo(one);
    const waiting = this.waiting.splice(0);
    if (this.holder) this.holder.open = false;
    this.holder = null;
    for (const { transaction, go } of waiting) {
      transaction.open = false;
      go();
    }
  }

  /** Tables that were made anew take the place of the present ones. */
  swap(tables: Tables): void {
    this.tables = tables;
    this.base = tables.clone();
    this.committed = [];
  }

  private redo({ changes, next, unpark }: Committed): void {
    if (unpark) this.tables.unpark(unpark.jobId, unpark.upTo);
    this.tables.apply(changes);
    this.tables.checkpoint = next;
  }
}
