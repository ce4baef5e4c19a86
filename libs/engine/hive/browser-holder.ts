import { SpoorError } from '#libs/failures';
import type { BrowserOptions, Browsers, Clock, Logger, RunningBrowser } from '#libs/engine/ports';

/** After so many starts that failed one after the other, each waits for a while, ms. */
const RESTS_MS = [0, 0, 1000, 5000, 15_000];

export interface BrowserHolderDeps {
  browsers: Browsers;
  clock: Clock;
  logger: Logger;
  /** A browser is gone that nobody closed. */
  onLost(): void;
}

/** One browser that is there when it is needed: started at the first call, replaced after a crash. */
export class BrowserHolder {
  private starting: Promise<RunningBrowser> | null = null;
  private current: RunningBrowser | null = null;
  private failures = 0;
  private restUntil = 0;
  private lastError: unknown = null;
  private closed = false;

  constructor(
    private readonly deps: BrowserHolderDeps,
    private readonly options: BrowserOptions,
  ) {}

  /** Why there is none, when the last start failed. */
  get trouble(): string | null {
    return this.failures === 0
      ? null
      : this.lastError instanceof SpoorError
        ? this.lastError.message
        : 'it does not start';
  }

  /** @throws whatever the start throws; at once while it rests after failures */
  async get(): Promise<RunningBrowser> {
    if (this.current?.alive) return this.current;
    if (this.closed) throw new Error('connection is closed');
    if (!this.starting && this.deps.clock.monotonic() < this.restUntil) throw this.lastError;
    return (this.starting ??= this.start().finally(() => (this.starting = null)));
  }

  memoryBytes(): Promise<number | null> {
    return this.current?.alive ? this.current.memoryBytes() : Promise.resolve(null);
  }

  private async start(): Promise<RunningBrowser> {
    const { browsers, clock, logger } = this.deps;
    try {
      const browser = await browsers.launch(this.options);
      this.failures = 0;
      if (this.closed) {
        await browser.close();
        throw new Error('connection is closed');
      }
      this.current = browser;
      logger.info({ version: browser.version }, 'a browser runs');
      void browser.gone.then(() => this.lost(browser));
      return browser;
    } catch (error) {
      this.failures += 1;
      this.lastError = error;
      this.restUntil = clock.monotonic() + RESTS_MS[Math.min(this.failures, RESTS_MS.length - 1)]!;
      throw error;
    }
  }

  private lost(browser: RunningBrowser): void {
    if (this.current !== browser) return;
    this.current = null;
    this.deps.logger.warn({ version: browser.version }, 'the browser is gone; another one is started');
    this.deps.onLost();
    if (!this.closed) this.get().catch(() => undefined);
  }

  /** Ends this browser; the next call starts another. */
  async replace(): Promise<void> {
    const browser = this.current;
    this.current = null;
    await browser?.close();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.starting?.catch(() => undefined);
    await this.replace();
  }
}
