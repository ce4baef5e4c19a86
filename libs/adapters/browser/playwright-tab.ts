import { setTimeout as sleep } from 'node:timers/promises';
import type { CDPSession, Frame, Page, Request } from 'playwright-core';
import {
  BrowserFault,
  type BrowserRedirect,
  type BrowserTab,
  type Navigation,
  type PageContent,
} from '#libs/engine/ports';
import { faultOf, inPort } from './faults.js';
import { HarRecorder } from './har.js';

/** Runs in a world of its own, where the page's scripts have changed nothing. */
const READ = `(max) => {
  const type = document.doctype ? new XMLSerializer().serializeToString(document.doctype) : '';
  const html = type + (document.documentElement ? document.documentElement.outerHTML : '');
  return html.length > max ? { html: html.slice(0, max), truncated: true } : { html, truncated: false };
}`;
const READ_TRIES = 3;
/** For the browser's own error page, ms. */
const ERROR_PAGE_MS = 1000;

/** A page that Playwright drives. */
export class PlaywrightTab implements BrowserTab {
  usable = true;
  private latest: Request | null = null;
  private readonly recorder: HarRecorder;
  /** Calls that wait for a page that is no more would wait for ever. */
  readonly ended: Promise<never>;

  constructor(
    private readonly page: Page,
    private readonly cdp: CDPSession,
  ) {
    this.recorder = new HarRecorder(page);
    page.on('request', (request) => {
      if (request.isNavigationRequest() && request.frame() === page.mainFrame()) this.latest = request;
    });
    this.ended = new Promise((_, reject) => {
      const end = (kind: 'crashed' | 'gone', message: string) => (): void => {
        this.usable = false;
        reject(new BrowserFault(kind, message));
      };
      page.once('crash', end('crashed', 'the page crashed'));
      page.once('close', end('gone', 'connection is closed'));
    });
    this.ended.catch(() => undefined);
  }

  async navigate(url: string): Promise<void> {
    this.latest = null;
    this.recorder.begin();
    let shown = (): void => undefined;
    const errorPage = new Promise<void>((resolve) => (shown = resolve));
    const seen = (frame: Frame): void => {
      if (frame === this.page.mainFrame() && frame.url().startsWith('chrome-error:')) shown();
    };
    this.page.on('framenavigated', seen);
    try {
      await this.run(this.page.goto(url, { waitUntil: 'commit', timeout: 0 }));
    } catch (error) {
      const fault = faultOf(error);
      // The error page comes after the error, and would end the next navigation.
      if (fault.kind === 'net' && fault.message !== 'net::ERR_ABORTED')
        await Promise.race([errorPage, this.ended.catch(() => undefined), sleep(ERROR_PAGE_MS)]);
      throw fault;
    } finally {
      this.page.off('framenavigated', seen);
    }
  }

  async document(): Promise<Navigation | null> {
    return this.run(this.read());
  }

  private async read(): Promise<Navigation | null> {
    const request = this.latest;
    const response = await request?.response();
    if (!request || !response) return null;
    const headers: Record<string, string> = {};
    for (const { name, value } of await response.headersArray()) {
      const key = name.toLowerCase();
      headers[key] = headers[key] === undefined ? value : `${headers[key]}\n${value}`;
    }
    return {
      statusCode: response.status(),
      headers,
      finalUrl: response.url(),
      redirects: await redirectsTo(request),
    };
  }

  async settle(state: 'load' | 'domcontentloaded' | 'network_idle', ms: number): Promise<void> {
    const known = state === 'network_idle' ? 'networkidle' : state;
    await this.run(this.page.waitForLoadState(known, { timeout: ms }));
  }

  async appears(selector: string, ms: number): Promise<void> {
    await this.run(
      this.page.waitForSelector(`css=${selector}`, { state: 'attached', timeout: ms, strict: false }),
    );
  }

  async has(selector: string): Promise<boolean> {
    return (await this.run(this.page.locator(`css=${selector}`).count())) > 0;
  }

  async content(maxChars: number): Promise<PageContent> {
    for (let left = READ_TRIES; ; left -= 1) {
      try {
        return await this.run(this.contentOnce(maxChars));
      } catch (error) {
        // The page went on to another while it was read.
        const moved = error instanceof BrowserFault && error.kind === 'failed';
        if (left <= 1 || !moved || !this.usable) throw error;
      }
    }
  }

  private async contentOnce(maxChars: number): Promise<PageContent> {
    const { frameTree } = await this.cdp.send('Page.getFrameTree');
    const { executionContextId } = await this.cdp.send('Page.createIsolatedWorld', {
      frameId: frameTree.frame.id,
      worldName: 'spoor',
    });
    const { result, exceptionDetails } = await this.cdp.send('Runtime.evaluate', {
      expression: `(${READ})(${Math.floor(maxChars)})`,
      contextId: executionContextId,
      returnByValue: true,
    });
    if (exceptionDetails) throw new BrowserFault('failed', 'the document cannot be read');
    return result.value as PageContent;
  }

  async screenshot(): Promise<Uint8Array> {
    return this.run(this.page.screenshot({ type: 'png', timeout: 0 }));
  }

  har(): string {
    return this.recorder.text();
  }

  async clear(): Promise<void> {
    this.latest = null;
    this.recorder.end();
    await this.run(this.page.goto('about:blank', { waitUntil: 'commit', timeout: 0 }));
  }

  async close(): Promise<void> {
    this.usable = false;
    await this.page.close({ runBeforeUnload: false }).catch(() => undefined);
  }

  private run<T>(work: Promise<T>): Promise<T> {
    return inPort(Promise.race([work, this.ended]));
  }
}

async function redirectsTo(request: Request): Promise<BrowserRedirect[]> {
  const chain: BrowserRedirect[] = [];
  for (let hop = request.redirectedFrom(); hop; hop = hop.redirectedFrom()) {
    const response = await hop.response();
    chain.unshift({
      url: hop.url(),
      statusCode: response?.status() ?? 0,
      location: (await response?.headerValue('location')) ?? '',
    });
  }
  return chain;
}
