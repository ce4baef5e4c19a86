import type { Clock, HiveMetrics, Logger } from '#libs/engine/ports';
import type { BrowserHolder } from './browser-holder.js';
import type { ContextPool } from './context-pool.js';
import { LateError, within } from './within.js';

const SWEEP_MS = 5000;
/** A browser that does not answer for so long hangs, and is replaced, ms. */
const HANGS_MS = 30_000;

export interface BrowserCareDeps {
  holder: BrowserHolder;
  pool: ContextPool;
  clock: Clock;
  logger: Logger;
  metrics?: HiveMetrics | undefined;
  /** Requests that are at work. */
  active(): number;
}

/** Looks after one browser, again and again: its contexts, its memory, and whether it still answers. */
export class BrowserCare {
  private readonly stopped = new AbortController();
  private looking: Promise<void> | null = null;
  private replacing: Promise<void> | null = null;
  private tooLarge = false;

  constructor(
    private readonly deps: BrowserCareDeps,
    private readonly scope: string,
    private readonly maxBytes: number,
  ) {}

  /** The browser takes no new pages: it has grown too large, and another one takes its place as soon as the last page is done. */
  get outgrown(): boolean {
    return this.tooLarge;
  }

  start(): void {
    this.looking = this.look();
  }

  private async look(): Promise<void> {
    const { holder, pool, clock } = this.deps;
    const { signal } = this.stopped;
    while (!signal.aborted) {
      // Nobody sends requests to a worker without a browser, so it has to try by itself.
      if (holder.trouble !== null) await holder.get().catch(() => undefined);
      await within(clock, HANGS_MS, pool.sweep(), signal).catch(() => undefined);
      await this.relieve();
      await clock.sleep(SWEEP_MS, signal).catch(() => undefined);
    }
  }

  /** A browser that hangs is replaced at once, for nobody can use it. */
  private async relieve(): Promise<void> {
    const { holder, clock, logger, metrics } = this.deps;
    const { scope } = this;
    const asked = within(clock, HANGS_MS, holder.memoryBytes(), this.stopped.signal);
    const bytes = await asked.catch((error: unknown) => (error instanceof LateError ? Infinity : null));
    if (bytes === Infinity) {
      logger.error({ scope }, 'the browser hangs; another one takes its place');
      metrics?.browserLost(scope);
      return this.replace();
    }
    if (bytes === null) return;
    if (bytes < this.maxBytes) {
      // Another one has taken its place by itself.
      this.tooLarge = false;
      return;
    }
    if (!this.tooLarge)
      logger.warn(
        { bytes, scope },
        'the browser has grown too large; it takes no new pages, and another one takes its place',
      );
    this.tooLarge = true;
    await this.requestEnded();
  }

  /** To be called after each request. */
  async requestEnded(): Promise<void> {
    if (this.tooLarge && this.deps.active() === 0) await this.replace();
  }

  private replace(): Promise<void> {
    this.deps.pool.browserLost();
    return (this.replacing ??= this.deps.holder.replace().finally(() => {
      this.replacing = null;
      this.tooLarge = false;
    }));
  }

  stop(): void {
    this.stopped.abort();
  }

  /** Resolves when it has stopped looking. */
  async ended(): Promise<void> {
    await this.looking;
  }
}
