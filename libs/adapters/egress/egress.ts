import type { IncomingMessage } from 'node:http';
import type { Got } from 'got';
import type { FetchOutcome, FetchProblem, FetchRequest, FetchedResponse, Fetcher } from '#libs/engine/ports';
import { canonicalUrl, type RedirectStep } from '#libs/events';
import { codingsOf, decode, DecodeError, type Coding } from './decode.js';
import type { Dispatcher } from './dispatcher.js';
import { Exchange, httpClient, UpgradeError } from './exchange.js';
import type { AddressGuard } from './guard.js';
import { headerRecord, retryAfterMs } from './head.js';
import { problemOf, problems, type Problem } from './problems.js';
import { isRedirect, resolveLocation } from './redirect.js';

/** Opens every connection to the outside. */
export class Egress implements Fetcher {
  private readonly client: Got;

  constructor(
    private readonly guard: AddressGuard,
    private readonly dispatcher: Dispatcher,
  ) {
    this.client = httpClient(dispatcher);
  }

  async fetch(request: FetchRequest): Promise<FetchOutcome> {
    request.signal.throwIfAborted();
    return new PageFetch(request, this.client, this.guard).run();
  }

  close(): void {
    this.dispatcher.close();
  }
}

class Interrupted extends Error {}

/** One page with all its redirects, under one deadline. */
class PageFetch {
  private readonly startedAt = Date.now();
  private readonly started = performance.now();
  private readonly redirects: RedirectStep[] = [];
  private readonly exchanges: Exchange[] = [];
  private interruption: 'timeout' | 'aborted' | null = null;
  private ttfbMs: number | undefined;
  private url: string;
  private lastRedirect = 0;

  constructor(
    private readonly request: FetchRequest,
    private readonly client: Got,
    private readonly guard: AddressGuard,
  ) {
    this.url = request.url;
  }

  async run(): Promise<FetchOutcome> {
    const { signal, timeoutMs } = this.request;
    const interrupt = (why: 'timeout' | 'aborted') => {
      this.interruption ??= why;
      for (const exchange of this.exchanges) exchange.fail(new Interrupted());
    };
    const onAbort = () => interrupt('aborted');
    const timer = setTimeout(() => interrupt('timeout'), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await this.follow();
    } catch (error) {
      if (this.interruption === 'aborted') throw new DOMException('The fetch was aborted', 'AbortError');
      return this.problem(this.explain(error));
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      // Bodies of redirects that are still being discarded.
      for (const exchange of this.exchanges.slice(0, -1)) exchange.fail(new Interrupted());
    }
  }

  private async follow(): Promise<FetchOutcome> {
    if (canonicalUrl(this.url) === null) return this.problem(problems.invalidUrl);
    const seen = new Set<string>();
    for (;;) {
      seen.add(this.url);
      const hopStarted = performance.now();
      if (!this.admitted()) return this.problem(problems.blocked);
      const [exchange, head] = await this.send();
      this.ttfbMs = elapsed(this.started);
      if (!isRedirect(head.statusCode ?? 0)) return await this.receive(exchange, head);
      exchange.discard();
      const next = this.nextHop(head, hopStarted, seen);
      if (typeof next !== 'string') return this.problem(next.problem, next.statusCode);
      this.url = next;
    }
  }

  /** Literals are refused here, before a request exists; names when they are resolved, in the dispatcher. */
  private admitted(): boolean {
    const { hostname, port, protocol } = new URL(this.url);
    return this.guard.admitsHost(hostname, Number(port) || (protocol === 'https:' ? 443 : 80));
  }

  private async send(): Promise<[Exchange, IncomingMessage]> {
    for (let again = true; ; again = false) {
      if (this.interruption) throw new Interrupted();
      const exchange = new Exchange(this.client, this.url, this.request.userAgent);
      this.exchanges.push(exchange);
      try {
        return [exchange, await exchange.head()];
      } catch (error) {
        // A kept connection that the server closed as we wrote: the request was not read, so it is sent once more.
        const stale = exchange.reusedSocket && problemOf(error).code === 'connection_reset';
        if (!again || !stale || this.interruption) throw error;
        this.exchanges.pop();
      }
    }
  }

  private nextHop(
    head: IncomingMessage,
    hopStarted: number,
    seen: Set<string>,
  ): string | { problem: Problem; statusCode?: number } {
    const statusCode = head.statusCode ?? 0;
    const header = head.headers.location;
    const target = header === undefined ? null : resolveLocation(header, this.url);
    this.lastRedirect = statusCode;
    if (this.redirects.length >= this.request.maxRedirects && target?.url)
      return { problem: problems.tooMany(this.request.maxRedirects), statusCode: 310 };
    this.redirects.push({
      url: this.url,
      statusCode,
      location: target?.recorded ?? null,
      ms: elapsed(hopStarted),
    });
    if (!target) return { problem: problems.missingLocation };
    if (target.url === null) return { problem: problems.invalidLocation };
    if (seen.has(target.url)) return { problem: problems.loop, statusCode: 310 };
    return target.url;
  }

  private async receive(exchange: Exchange, head: IncomingMessage): Promise<FetchedResponse> {
    const { readBody, maxBodyBytes } = this.request;
    const headers = headerRecord(head);
    const base = {
      ok: true as const,
      statusCode: head.statusCode ?? 0,
      finalUrl: canonicalUrl(this.url) ?? this.url,
      redirects: this.redirects,
      headers,
      contentType: headers['content-type'] ?? null,
      retryAfterMs: retryAfterMs(head.headers['retry-after'], Date.now()),
    };
    if (!readBody) {
      exchange.fail(new Interrupted());
      return {
        ...base,
        raw: null,
        encoding: 'identity',
        body: null,
        truncated: false,
        receivedBytes: 0,
        timing: this.timing(),
      };
    }
    const wire = await exchange.body(maxBodyBytes);
    const codings = codingsOf(headers['content-encoding']);
    const content = await this.decodeAll(wire.raw, codings, wire.cut);
    return { ...base, ...content, receivedBytes: wire.raw.length, timing: this.timing() };
  }

  /** The raw bytes are kept when one coding describes them; of several, all are undone and the result is kept. */
  private async decodeAll(
    wire: Buffer,
    codings: Coding[],
    cut: boolean,
  ): Promise<Pick<FetchedResponse, 'raw' | 'encoding' | 'body' | 'truncated'>> {
    let body = wire;
    let truncated = cut;
    for (const coding of codings.toReversed()) {
      const decoded = await decode(body, coding, this.request.maxBodyBytes, truncated);
      body = decoded.body;
      truncated ||= decoded.truncated;
    }
    const single = codings.length === 1 && wire.length > 0;
    return { raw: single ? wire : body, encoding: single ? codings[0]! : 'identity', body, truncated };
  }

  private explain(error: unknown): Problem {
    if (this.interruption === 'timeout') return problems.timeout(this.request.timeoutMs);
    if (error instanceof DecodeError) return problems.decode;
    if (error instanceof UpgradeError) return problems.upgrade;
    return problemOf(error);
  }

  private problem(problem: Problem, statusCode = this.statusOf(problem)): FetchProblem {
    return {
      ok: false,
      ...problem,
      statusCode,
      finalUrl: canonicalUrl(this.url) ?? this.url,
      redirects: this.redirects,
      timing: this.timing(),
    };
  }

  /** A redirect that leads nowhere is recorded under its own code; where nothing answered there is none. */
  private statusOf({ code }: Problem): number {
    return code === 'invalid_redirect' || code === 'blocked_address' ? this.lastRedirect : 0;
  }

  private timing(): FetchedResponse['timing'] {
    const timing = { startedAt: this.startedAt, durationMs: elapsed(this.started) };
    return this.ttfbMs === undefined ? timing : { ...timing, ttfbMs: this.ttfbMs };
  }
}

/** ms since a moment, to a tenth. */
const elapsed = (since: number): number => Math.round((performance.now() - since) * 10) / 10;
