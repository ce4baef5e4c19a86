import type { Page, Request } from 'playwright-core';

/** More requests of one page are not recorded. */
const MAX_ENTRIES = 2000;

interface Entry {
  startedDateTime: string;
  time: number;
  request: object;
  response: object;
  cache: object;
  timings: { send: number; wait: number; receive: number };
}

const pairs = (headers: Record<string, string>) =>
  Object.entries(headers).map(([name, value]) => ({ name, value }));
/** Secrets of a session belong into no record. */
const SECRET = /^(cookie|set-cookie|authorization|proxy-authorization)$/i;
const shown = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !SECRET.test(name)));

/** HAR 1.2 of a page: every request with status, headers and times; no bodies, no cookies. */
export class HarRecorder {
  private entries: Entry[] = [];
  private recording = false;

  constructor(page: Page) {
    page.on('requestfinished', (request) => void this.add(request).catch(() => undefined));
    page.on('requestfailed', (request) => void this.add(request).catch(() => undefined));
  }

  begin(): void {
    this.entries = [];
    this.recording = true;
  }

  end(): void {
    this.entries = [];
    this.recording = false;
  }

  text(): string {
    const entries = [...this.entries].sort((a, b) => (a.startedDateTime < b.startedDateTime ? -1 : 1));
    return JSON.stringify({
      log: { version: '1.2', creator: { name: 'Spoor', version: '1' }, pages: [], entries },
    });
  }

  private async add(request: Request): Promise<void> {
    if (!this.recording || this.entries.length >= MAX_ENTRIES) return;
    const entries = this.entries;
    const timing = request.timing();
    const failure = request.failure();
    const response = failure ? null : await request.response();
    const wait = Math.max(0, timing.responseStart);
    const time = Math.max(0, timing.responseEnd);
    entries.push({
      startedDateTime: new Date(timing.startTime).toISOString(),
      time,
      request: {
        ...{ method: request.method(), url: request.url(), httpVersion: 'HTTP/1.1', cookies: [] },
        ...{ headers: pairs(shown(request.headers())), queryString: [], headersSize: -1, bodySize: -1 },
      },
      response: {
        ...{ status: response?.status() ?? 0, statusText: response?.statusText() ?? '' },
        ...{ httpVersion: 'HTTP/1.1', cookies: [], headers: pairs(shown(response?.headers() ?? {})) },
        ...{ content: { size: -1, mimeType: response?.headers()['content-type'] ?? '' }, redirectURL: '' },
        ...{ headersSize: -1, bodySize: -1, ...(failure ? { _error: failure.errorText } : {}) },
      },
      cache: {},
      timings: { send: 0, wait, receive: Math.max(0, time - wait) },
    });
  }
}
