import type { IncomingMessage } from 'node:http';
import type { Got } from 'got';
import type { FetchOutcome, FetchProblem, FetchRequest, FetchedResponse, Fetcher } from '#libs/engine/ports';
import { canonicalUrl, type RedirectStep } from '#libs/events';
import { BodyBudget, type Share } from './body-budget.js';
import { Deadline } from './deadline.js';
import { codingsOf, decode, DecodeError, type Coding } from './decode.js';
import { Exchange, httpClient, UpgradeError } from './exchange.js';
import { targetOf, type AddressGuard } from './guard.js';
import { headerRecord, retryAfterMs } from './head.js';
import { post, type PostOutcome, type PostRequest } from './post.js';
import { problemOf, problems, type Problem } from './problems.js';
import type { ProxyFault } from './proxy-fault.js';
import { isRedirect, resolveLocation } from './redirect.js';
import type { RouteSets } from './routes.js';
import type { Way } from './way.js';

/** Opens every connection to the outside. */
export class Egress implements Fetcher {
  private readonly client = httpClient();

  constructor(
    private readonly routes: RouteSets,
    private readonly budget = new BodyBudget(BODY_BUDGET),
  ) {}

  async fetch(request: FetchRequest): Promise<FetchOutcome> {
    request.signal.throwIfAborted();
    const { guard, way } = this.routes.of(request);
    return new PageFetch(request, this.client, guard, way, this.budget).run();
  }

  /** To a webhook's receiver. @throws AbortError when `signal` fires */
  post(request: PostRequest): Promise<PostOutcome> {
    request.signal.throwIfAborted();
    const { guard, agents } = this.routes.common();
    return post(request, guard, agents);
  }

  close(): void {
    this.routes.close();
  }
}

/** Memory for all long bodies of a process together. */
const BODY_BUDGET = 64 * 1024 * 1024;

class Interrupted extends Error {}
/** One for all: nobody reads its stack, and to record one for each page that ends is not free. */
const INTERRUPTED = new Interrupted();

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
  private readonly deadline: Deadline;
  /** Of the memory for long bodies; null while this one is short. */
  private share: Share | null = null;
  /** Ends the waiting for a share. */
  private readonly over = new AbortController();

  constructor(
    private readonly request: FetchRequest,
    private readonly client: Got,
    private readonly guard: AddressGuard,
    private readonly way: Way,
    private readonly budget: BodyBudget,
  ) {
    this.url = request.url;
    this.deadline = new Deadline(request.timeoutMs, () => this.interrupt('timeout'));
  }

  async run(): Promise<FetchOutcome> {
    const { signal } = this.request;
    const onAbort = () => this.interrupt('aborted');
    signal.addEventListener('abort', onAbort, { once: true });
    this.deadline.start();
    const unwatch = this.way.watch((fault) => this.failAll(fault));
    try {
      const outcome = await this.follow();
      // What was read to its end has given its connection back already.
      if (outcome.ok) this.exchanges.pop();
      return this.handOver(outcome);
    } catch (error) {
      const fault = this.interruption === 'aborted' ? null : await this.way.faultBehind(error, signal);
      if (signal.aborted) throw new DOMException('The fetch was aborted', 'AbortError');
      return fault ? this.proxyProblem(fault) : this.problem(this.explain(error));
    } finally {
      unwatch();
      this.deadline.stop();
      signal.removeEventListener('abort', onAbort);
      this.over.abort(INTERRUPTED);
      this.share?.release();
      // Bodies of redirects that are still being discarded, the last one's too when it leads nowhere.
      this.failAll(INTERRUPTED);
    }
  }

  private interrupt(why: 'timeout' | 'aborted'): void {
    this.interruption ??= why;
    this.over.abort(INTERRUPTED);
    this.failAll(INTERRUPTED);
  }

  /** Something that knows no deadline, such as a resolver that does not answer. */
  private unlessOver<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.over.signal.addEventListener('abort', () => reject(INTERRUPTED), { once: true });
      work.then(resolve, reject);
    });
  }

  private failAll(error: Error): void {
    for (const exchange of this.exchanges) exchange.fail(error);
  }

  /** A long body goes to its reader with its share of the memory. */
  private handOver(outcome: FetchOutcome): FetchOutcome {
    const { share } = this;
    if (!outcome.ok || share === null) return outcome;
    this.share = null;
    return { ...outcome, release: () => share.release() };
  }

  /** Waits for memory for a body of up to `bytes`; no part of the page's time. */
  private async reserve(bytes: number): Promise<void> {
    if (this.share !== null) return;
    this.deadline.stop();
    this.share = await this.budget.reserve(bytes, this.over.signal);
    this.deadline.start();
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
    const { hostname, port } = targetOf(this.url);
    return this.guard.admitsHost(hostname, port);
  }

  private async send(): Promise<[Exchange, IncomingMessage]> {
    for (let again = true; ; again = false) {
      if (this.interruption) throw INTERRUPTED;
      const hop = await this.unlessOver(this.way.hop(this.url));
      if (this.interruption) throw INTERRUPTED;
      const exchange = new Exchange(this.client, this.url, this.request.userAgent, hop);
      this.exchanges.push(exchange);
      try {
        const head = await exchange.head();
        hop.inspect?.(head);
        return [exchange, head];
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
      exchange.fail(INTERRUPTED);
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
    const codings = codingsOf(headers['content-encoding']);
    const expectedBytes = announcedLength(head);
    const onTheWire = Math.min(expectedBytes ?? maxBodyBytes, maxBodyBytes);
    const reserve = () => this.reserve(onTheWire + (codings.length > 0 ? maxBodyBytes : 0));
    const wire = await exchange.body({ maxBytes: maxBodyBytes, expectedBytes, reserve });
    const content = await this.decodeAll(wire.bytes, codings, wire.cut);
    this.share?.shrink(wire.bytes.length + (content.body === wire.bytes ? 0 : (content.body?.length ?? 0)));
    return { ...base, ...content, receivedBytes: wire.bytes.length, timing: this.timing() };
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
      const { maxBodyBytes } = this.request;
      const decoded = await decode(body, coding, maxBodyBytes, truncated, () => this.reserve(maxBodyBytes));
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

  private proxyProblem({ problem }: ProxyFault): FetchProblem {
    const { vendorText, hint } = problem;
    return { ...this.problem(problem, problem.statusCode), vendorText, hint };
  }

  private problem({ code, message }: Problem, statusCode = this.statusOf(code)): FetchProblem {
    return {
      ok: false,
      code,
      message,
      statusCode,
      finalUrl: canonicalUrl(this.url) ?? this.url,
      redirects: this.redirects,
      timing: this.timing(),
    };
  }

  /** A redirect that leads nowhere is recorded under its own code; where nothing answered there is none. */
  private statusOf(code: Problem['code']): number {
    return code === 'invalid_redirect' || code === 'blocked_address' ? this.lastRedirect : 0;
  }

  private timing(): FetchedResponse['timing'] {
    const timing = { startedAt: this.startedAt, durationMs: elapsed(this.started) };
    return this.ttfbMs === undefined ? timing : { ...timing, ttfbMs: this.ttfbMs };
  }
}

/** ms since a moment, to a tenth. */
const elapsed = (since: number): number => Math.round((performance.now() - since) * 10) / 10;

/** Content-Length as Node has accepted it: a body that is longer would have been an error. */
function announcedLength({ headers }: IncomingMessage): number | undefined {
  const length = headers['content-length'];
  return length !== undefined && headers['transfer-encoding'] === undefined ? Number(length) : undefined;
}
