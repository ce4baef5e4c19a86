import type { LimitVerdict } from '../ports/index.js';

/** Calls that other processes may count between two verdicts of this one. */
const MARGIN = 100;
const MOST_URLS = 10_000;

/**
 * What the last verdicts let expect of the next: a call that will pass may be fetched while it is counted. Whether it has passed is
 * for the count to say. Wrong at most once for a URL, a window and a process: what was refused is remembered.
 */
export class Foresight {
  private readonly keys = new Map<string, { remaining: number; until: number }>();
  private readonly refused = new Map<string, number>();

  /** @param now monotonic, ms */
  constructor(private readonly now: () => number) {}

  willPass(keyId: string, url: string): boolean {
    const now = this.now();
    const last = this.keys.get(keyId);
    if (last === undefined || last.until <= now || last.remaining < MARGIN) return false;
    return (this.refused.get(`${keyId} ${url}`) ?? 0) <= now;
  }

  note(keyId: string, url: string, { allowed, remaining, resetSeconds }: LimitVerdict): void {
    const until = this.now() + resetSeconds * 1000;
    if (allowed) {
      this.keys.set(keyId, { remaining, until });
      return;
    }
    this.keys.delete(keyId);
    if (this.refused.size >= MOST_URLS) this.forget();
    this.refused.set(`${keyId} ${url}`, until);
  }

  /** The half that was refused first. */
  private forget(): void {
    for (const name of [...this.refused.keys()].slice(0, MOST_URLS / 2)) this.refused.delete(name);
  }
}
