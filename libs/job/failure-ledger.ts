import type { StoredEvent } from '#libs/events';
import type { Frontier } from './frontier.js';

/** The first page of a generation that ended badly, or the proxy's failure when that came before. */
export interface FirstFailure {
  seq: number;
  type: 'FetchFailed' | 'PageFetched' | 'ProxyFailed';
  url: string;
  code: string;
}

export interface CodeCount {
  code: string;
  pages: number;
  /** One of them. */
  url: string;
}

/** Why pages of the present generation have no usable response, were left out, or wait for another try. */
export class FailureLedger {
  first: FirstFailure | null = null;
  /** By the page's place in the frontier. */
  private readonly ended = new Map<number, { code: string; url: string }>();
  private readonly waiting = new Map<number, string>();

  /** @param frontier has folded the event already */
  apply(event: StoredEvent, frontier: Frontier): void {
    switch (event.type) {
      case 'JobRestarted':
        this.first = null;
        this.ended.clear();
        this.waiting.clear();
        return;
      case 'PagesRequeued':
        for (const url of event.data.urls) this.forget(frontier.find(url)?.index);
        return;
      case 'ProxyFailed':
        this.first ??= { seq: event.seq, type: event.type, url: event.data.url, code: event.data.code };
        return;
      case 'FetchRetried': {
        const entry = frontier.find(event.data.url);
        if (entry?.outcome === 'open') this.waiting.set(entry.index, event.data.code);
        return;
      }
      case 'PageFetched':
        return this.end(
          event,
          frontier,
          event.data.error === null ? null : responseCode(event.data.statusCode),
        );
      case 'FetchFailed':
      case 'PageSkipped':
        return this.end(event, frontier, event.data.code);
    }
  }

  /** Code of the last try of a page that is open. */
  waitingFor(index: number): string | null {
    return this.waiting.get(index) ?? null;
  }

  /** The most frequent code first. */
  get codes(): CodeCount[] {
    const counts = new Map<string, CodeCount>();
    for (const { code, url } of this.ended.values()) {
      const count = counts.get(code) ?? { code, pages: 0, url };
      count.pages++;
      counts.set(code, count);
    }
    return [...counts.values()].sort((a, b) => b.pages - a.pages);
  }

  private end(
    event: StoredEvent<'PageFetched' | 'FetchFailed' | 'PageSkipped'>,
    frontier: Frontier,
    code: string | null,
  ): void {
    const { seq, type, data } = event;
    if (frontier.closedAt !== seq) return;
    const { index } = frontier.find(data.url)!;
    this.forget(index);
    if (code === null) return;
    this.ended.set(index, { code, url: data.url });
    if (type !== 'PageSkipped') this.first ??= { seq, type, url: data.url, code };
  }

  private forget(index: number | undefined): void {
    if (index === undefined) return;
    this.ended.delete(index);
    this.waiting.delete(index);
  }
}

/** A response that stayed bad to the last attempt carries the code that it was retried for. */
const responseCode = (statusCode: number): string => (statusCode === 429 ? 'http_429' : 'http_5xx');
