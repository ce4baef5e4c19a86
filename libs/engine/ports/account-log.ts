import type { AccountEvent, NewAccountEvent } from '#libs/events';
import type { Appended } from './event-log.js';

export interface AccountBatch {
  events: AccountEvent[];
  /** Sequence up to which the reader has seen everything it asked for. */
  upTo: number;
  caughtUp: boolean;
}

export interface AccountReadOptions {
  /** `keys`: only what says which keys there are. */
  only?: 'keys' | { subject: string };
  fromSeq?: number;
  follow?: boolean;
  signal?: AbortSignal;
}

/** Keys, payments and usage, in one stream beside those of the jobs. */
export interface AccountLog {
  /**
   * Stores an event once under its id. With `expectedSeq`, only if its subject's last event is at that sequence (0: none).
   * @throws ConflictError another event came first
   */
  append(event: NewAccountEvent, expectedSeq?: number): Promise<Appended>;
  /** In order. What this code cannot read is logged and left out: it grants nothing. */
  read(options?: AccountReadOptions): AsyncIterable<AccountBatch>;
  /** The newest event under a subject, or under all that a pattern matches; null when there is none that can be read. */
  last(subject: string): Promise<AccountEvent | null>;
  /** Names the stream: one that was made anew has another. */
  identity(): Promise<string>;
  /** Id of the event at a sequence; null when there is none. */
  idAt(seq: number): Promise<string | null>;
}
