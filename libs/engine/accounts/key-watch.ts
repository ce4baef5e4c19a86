import { foldKey, isActive, keyIdOf, type ApiKey, type KeyRing } from '#libs/accounts';
import { SpoorError } from '#libs/failures';
import { describeError } from '../describe-error.js';
import type { AccountLog, Clock, KeyHasher, Logger } from '../ports/index.js';

export interface KeyWatchDeps {
  log: () => Promise<AccountLog>;
  hasher: KeyHasher;
  clock: Pick<Clock, 'now' | 'sleep'>;
  logger: Logger;
}

const AGAIN_MS = 1000;
/** Whoever presents a key is told that nobody can be known now, rather than kept waiting until the log is back. */
const PATIENCE_MS = 5000;

/** All keys as they are at this moment: follows the account log, so a revoked key ends within a moment, in every process. */
export class KeyWatch {
  private ring: KeyRing = new Map();
  private readonly ending = new AbortController();
  private first: Promise<void> | null = null;
  private isReady = false;

  constructor(private readonly deps: KeyWatchDeps) {}

  /** Resolves when all keys are known. Begins to follow at the first call. */
  ready(): Promise<void> {
    return (this.first ??= new Promise((resolve) => void this.follow(resolve)));
  }

  /**
   * The key that was presented, if it is one of ours and active. Takes as long for a wrong key as for a right one.
   * @throws SpoorError store_unavailable when the keys cannot be read
   */
  async find(presented: string): Promise<ApiKey | null> {
    if (!this.isReady) await this.readyInTime();
    const key = this.ring.get(keyIdOf(presented) ?? '');
    const matches = this.deps.hasher.matches(presented, key?.hash ?? '');
    return key && matches && isActive(key, this.deps.clock.now()) ? key : null;
  }

  close(): void {
    this.ending.abort();
  }

  private async readyInTime(): Promise<void> {
    const isThere = new AbortController();
    const late = this.deps.clock.sleep(PATIENCE_MS, isThere.signal).then(() => {
      throw new SpoorError('store_unavailable', 'API keys cannot be read at the moment.');
    });
    await Promise.race([this.ready(), late]).finally(() => isThere.abort());
  }

  private async follow(caughtUp: () => void): Promise<void> {
    const { signal } = this.ending;
    while (!signal.aborted) {
      // From the start each time: keys are few, and another log may hold others.
      const ring: KeyRing = new Map();
      try {
        const log = await this.deps.log();
        for await (const batch of log.read({ only: 'keys', follow: true, signal })) {
          for (const event of batch.events) foldKey(ring, event);
          if (!batch.caughtUp) continue;
          this.ring = ring;
          this.isReady = true;
          caughtUp();
        }
      } catch (error) {
        this.deps.logger.warn({ error: describeError(error) }, 'API keys cannot be followed; trying again');
      }
      await this.deps.clock.sleep(AGAIN_MS, signal).catch(() => undefined);
    }
  }
}
