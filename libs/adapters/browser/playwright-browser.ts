import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContext as PlaywrightContext, CDPSession } from 'playwright-core';
import type { BrowserContext, BrowserTab, ContextOptions, RunningBrowser } from '#libs/engine/ports';
import { inPort } from './faults.js';
import { PlaywrightTab } from './playwright-tab.js';

const PAGE_BYTES = 4096;
/** For a browser to end by itself, and for a context to let go of its pages, ms; what does not is killed with the browser. */
const CLOSE_MS = 5000;

/** A Chromium that Playwright talks to through pipes: nobody else on this machine can. */
export class PlaywrightBrowser implements RunningBrowser {
  readonly gone: Promise<void>;
  readonly version: string;

  private constructor(
    private readonly browser: Browser,
    private readonly cdp: CDPSession,
    private readonly pid: number | null,
  ) {
    this.version = `Chromium ${browser.version()}`;
    this.gone = new Promise((resolve) => {
      browser.once('disconnected', () => {
        this.killRest();
        resolve();
      });
      if (!browser.isConnected()) resolve();
    });
  }

  static async of(browser: Browser): Promise<PlaywrightBrowser> {
    const cdp = await browser.newBrowserCDPSession();
    const pid = (await processesOf(cdp)).find(({ type }) => type === 'browser')?.id ?? null;
    return new PlaywrightBrowser(browser, cdp, pid);
  }

  get alive(): boolean {
    return this.browser.isConnected();
  }

  async openContext({ proxy, ...options }: ContextOptions): Promise<BrowserContext> {
    const { userAgent, locale, timezone, width, height } = options;
    const context = await inPort(
      this.browser.newContext({
        acceptDownloads: false,
        viewport: { width, height },
        ...(proxy ? { proxy: { ...proxy, bypass: '<-loopback>' } } : {}),
        ...(userAgent === undefined ? {} : { userAgent }),
        ...(locale === undefined ? {} : { locale }),
        ...(timezone === undefined ? {} : { timezoneId: timezone }),
      }),
    );
    return new PlaywrightContextOf(context);
  }

  async memoryBytes(): Promise<number | null> {
    if (!this.alive) return null;
    const processes = await processesOf(this.cdp).catch(() => []);
    if (process.platform !== 'linux') return null;
    const sizes = await Promise.all(processes.map(({ id }) => privateBytes(id)));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  async close(): Promise<void> {
    const closed = this.browser.close().catch(() => undefined);
    await atMost(CLOSE_MS, closed);
    this.killRest();
    // A browser that hung ends now, and Playwright removes its profile.
    await atMost(CLOSE_MS, closed);
  }

  /** Processes of a browser whose first one was killed may linger; the group is theirs alone. */
  private killRest(): void {
    if (this.pid === null || this.pid <= 1) return;
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // None is left, which is how it should be.
    }
  }
}

class PlaywrightContextOf implements BrowserContext {
  /** Tabs of our own that are about to appear; all others are a page's popups. */
  private expected = 0;

  constructor(private readonly context: PlaywrightContext) {
    context.on('page', (page) => {
      if (this.expected > 0) this.expected -= 1;
      else void page.close().catch(() => undefined);
    });
  }

  async openTab(): Promise<BrowserTab> {
    this.expected += 1;
    const before = this.expected;
    try {
      const page = await inPort(this.context.newPage());
      return new PlaywrightTab(page, await inPort(this.context.newCDPSession(page)));
    } catch (error) {
      this.expected = Math.min(this.expected, before - 1);
      throw error;
    }
  }

  async close(): Promise<void> {
    await atMost(
      CLOSE_MS,
      this.context.close().catch(() => undefined),
    );
  }
}

/** A browser that hangs answers nothing, and is not waited for. */
async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const timer = new AbortController();
  const late = sleep(ms, undefined, { signal: timer.signal }).catch(() => undefined);
  await Promise.race([work, late]);
  timer.abort();
}

async function processesOf(cdp: CDPSession): Promise<{ type: string; id: number }[]> {
  const { processInfo } = await cdp.send('SystemInfo.getProcessInfo');
  return processInfo;
}

/** Resident without what it shares with others. */
async function privateBytes(pid: number): Promise<number> {
  try {
    const [, resident = 0, shared = 0] = (await readFile(`/proc/${pid}/statm`, 'utf8'))
      .split(' ')
      .map(Number);
    return (resident - shared) * PAGE_BYTES;
  } catch {
    return 0;
  }
}
