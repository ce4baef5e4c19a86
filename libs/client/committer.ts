import { SpoorError } from '#libs/failures';
import type { Checkpoint } from './checkpoint.js';

export interface CommitterOptions {
  save: (checkpoint: Checkpoint) => Promise<void>;
  /** Id of the event at a sequence, for positions that no event was handled at. */
  eventIdAt: (seq: number) => Promise<string | null>;
  everyEvents: number;
  everyMs: number;
  /** The checkpoint cannot be kept any more: the subscription has to end. */
  onError: (error: unknown) => void;
}

/** Writes the checkpoint of one shard behind what has been handled: one write at a time, the newest position only. */
export class Committer {
  committed: number | null;
  private wanted: Checkpoint | null = null;
  private events = 0;
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly options: CommitterOptions,
    committed: number | null,
  ) {
    this.committed = committed;
  }

  /** Everything up to `position` has been handled. */
  async note(position: Checkpoint, events: number): Promise<void> {
    if (position.seq === this.committed) return;
    this.wanted = position;
    this.events += events;
    this.timer ??= setTimeout(() => void this.flush().catch(this.options.onError), this.options.everyMs);
    if (this.events >= this.options.everyEvents) await this.flush();
  }

  /** Forgets what was to be written: the log it belongs to is gone. */
  reset(): void {
    this.clear();
    this.wanted = null;
    this.committed = null;
  }

  /** @throws SupersededError, or what the store throws; while NATS is away the position waits for the next time. */
  flush(): Promise<void> {
    this.clear();
    this.writing = this.writing.catch(() => {}).then(() => this.write());
    return this.writing;
  }

  private async write(): Promise<void> {
    const position = this.wanted;
    if (position === null) return;
    this.wanted = null;
    try {
      await this.options.save(await this.named(position));
      this.committed = position.seq;
    } catch (error) {
      this.wanted ??= position;
      if (!(error instanceof SpoorError) || error.code !== 'store_unavailable') throw error;
      this.timer ??= setTimeout(() => void this.flush().catch(this.options.onError), this.options.everyMs);
    }
  }

  /** With the event at exactly this position, where there is one: a log that was cut below it and grew again shows by that. */
  private async named(position: Checkpoint): Promise<Checkpoint> {
    const { seq, event } = position;
    if (seq === 0 || event?.seq === seq) return position;
    const id = await this.options.eventIdAt(seq);
    return id === null ? position : { ...position, event: { seq, id } };
  }

  private clear(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.events = 0;
  }
}
