import {
  BrowserFault,
  type BrowserEgresses,
  type Browsers,
  type BrowserTab,
  type Clock,
  type HiveMetrics,
  type Logger,
  type PrivateTargets,
  type ProxyRoute,
  type WorkerAnswer,
  type WorkerRequest,
} from '#libs/engine/ports';
import { isJobId, jobSpec } from '#libs/events';
import {
  brief,
  isProblem,
  megabytes,
  problems,
  readRequest,
  type Heartbeat,
  type HiveProblem,
  type PageRequest,
  type ScopeConfig,
} from '#libs/hive';
import { BrowserHolder } from './browser-holder.js';
import { ContextPool, type ContextWish } from './context-pool.js';
import { PageVisit, type Visit } from './page-visit.js';
import type { PooledContext } from './pooled-context.js';
import { CancelledError, LateError, within } from './within.js';

const SWEEP_MS = 5000;
/** For a page to be left behind, ms; one that does not let go loses its tab. */
const CLEAR_MS = 2000;
/** Larger ones are left out: with the content they would not fit into a message. Bytes, and characters. */
const MAX_SCREENSHOT = 2 * 2 ** 20;
const MAX_HAR = 2 ** 20;
/** A browser that does not answer for so long hangs, and is replaced, ms. */
const HANGS_MS = 30_000;
/** How often a draining worker looks whether it is done, ms. */
const DRAIN_POLL_MS = 500;

export interface HiveWorkerDeps {
  browsers: Browsers;
  egresses: BrowserEgresses;
  privateTargets: PrivateTargets;
  clock: Clock;
  logger: Logger;
  metrics?: HiveMetrics | undefined;
  newContextId(): string;
  newRayId(): string;
}

export interface HiveWorkerOptions {
  workerId: string;
  scope: string;
  config: ScopeConfig;
}

export interface WorkerFigures {
  totalContexts: number;
  availableSlots: number;
  activeRequests: number;
  totalRequests: number;
  failedRequests: number;
  contextsCreated: number;
  contextsRecycled: number;
  /** 0 to 1; 1 before the first request. */
  successRate: number;
}

/** One scope's browser and its contexts: every request that is put to it gets an answer. */
export class HiveWorker {
  private readonly holder: BrowserHolder;
  private readonly pool: ContextPool;
  private readonly stopped = new AbortController();
  private active = 0;
  private total = 0;
  private failed = 0;
  private draining = false;
  private sweeping: Promise<void> | null = null;

  constructor(
    private readonly deps: HiveWorkerDeps,
    readonly options: HiveWorkerOptions,
  ) {
    const { clock, logger, browsers, egresses, metrics, newContextId } = deps;
    const { config, scope } = options;
    const onLost = (): void => {
      metrics?.browserLost(scope);
      this.pool.browserLost();
    };
    this.holder = new BrowserHolder(
      { browsers, clock, logger, onLost },
      { headless: config.browser.headless, maxPageMemoryMb: config.limits.maxPageMemoryMb },
    );
    const browser = this.holder;
    this.pool = new ContextPool({ browser, egresses, clock, logger, metrics, newContextId }, scope, config);
  }

  /** Starts the browser and what looks after its contexts. A browser that does not start is tried again with each request. */
  start(): void {
    this.holder.get().catch((error: unknown) => {
      if (!this.draining)
        this.deps.logger.error({ err: error, scope: this.options.scope }, 'no browser can be started');
    });
    this.sweeping = this.sweep();
  }

  private async sweep(): Promise<void> {
    const { signal } = this.stopped;
    while (!signal.aborted) {
      // Nobody sends requests to a worker without a browser, so it has to try by itself.
      if (this.holder.trouble !== null) await this.holder.get().catch(() => undefined);
      await within(this.deps.clock, HANGS_MS, this.pool.sweep(), signal).catch(() => undefined);
      await this.relieve();
      await this.deps.clock.sleep(SWEEP_MS, signal).catch(() => undefined);
    }
  }

  /** A browser that grew too large is replaced when nobody uses it; one that hangs is replaced at once, for nobody can. */
  private async relieve(): Promise<void> {
    const asked = within(this.deps.clock, HANGS_MS, this.holder.memoryBytes(), this.stopped.signal);
    const bytes = await asked.catch((error: unknown) => (error instanceof LateError ? Infinity : null));
    if (bytes === Infinity) {
      this.deps.logger.error({ scope: this.options.scope }, 'the browser hangs; another one takes its place');
      this.deps.metrics?.browserLost(this.options.scope);
      this.pool.browserLost();
      return this.holder.replace();
    }
    if (bytes === null || bytes < megabytes(this.options.config.limits.maxBrowserMemoryMb)) return;
    if (this.active > 0) return;
    this.deps.logger.warn(
      { bytes, scope: this.options.scope },
      'the browser has grown too large; another one takes its place',
    );
    this.pool.browserLost();
    await this.holder.replace();
  }

  get figures(): WorkerFigures {
    const { total, failed, pool } = this;
    return {
      totalContexts: pool.total,
      availableSlots: this.draining ? 0 : pool.available,
      activeRequests: this.active,
      totalRequests: total,
      failedRequests: failed,
      contextsCreated: pool.created,
      contextsRecycled: pool.recycled,
      successRate: total === 0 ? 1 : (total - failed) / total,
    };
  }

  /** `trouble`: no browser starts. */
  get health(): { healthy: boolean; message: string; trouble: boolean } {
    const { trouble } = this.holder;
    const message = this.draining ? 'shutting down' : (trouble ?? 'ok');
    return { healthy: message === 'ok', message, trouble: trouble !== null };
  }

  beat(address: string): Heartbeat {
    const { workerId, scope, config } = this.options;
    const { totalRequests, successRate } = this.figures;
    return {
      ...{ workerId, scope, address, totalRequests, successRate },
      slots: config.contexts.max,
      active: this.pool.active,
      draining: this.draining,
      healthy: this.health.healthy,
    };
  }

  /** Never rejects. @param signal the caller does not wait any more */
  async scrape(request: WorkerRequest, signal: AbortSignal): Promise<WorkerAnswer> {
    const startedAt = this.deps.clock.monotonic();
    const rayId = brief(request.rayId) || this.deps.newRayId();
    this.active += 1;
    let answer: WorkerAnswer;
    try {
      answer = this.answer(await this.work(request, startedAt, signal), rayId, startedAt);
    } catch (error) {
      if (!(error instanceof CancelledError))
        this.deps.logger.error({ err: error, rayId }, 'a request ended with an error that nobody expected');
      answer = this.answer({ problem: problems.unknown() }, rayId, startedAt);
    } finally {
      this.active -= 1;
    }
    this.total += 1;
    if (answer.code !== 'none') this.failed += 1;
    const { code, executionMs } = answer;
    this.deps.metrics?.scraped(this.options.scope, code, executionMs);
    return answer;
  }

  private async work(request: WorkerRequest, startedAt: number, signal: AbortSignal): Promise<Done> {
    const { scope, config } = this.options;
    if (this.draining) return { problem: problems.workerTerminating() };
    if (request.scopeName !== '' && request.scopeName !== scope)
      return { problem: problems.scopeNotFound(request.scopeName) };
    const { strategy, timeoutMs } = config.wait;
    const defaults = {
      timeoutSeconds: config.timeoutSeconds,
      waitStrategy: strategy,
      waitTimeoutMs: timeoutMs,
    };
    const page = readRequest(request, defaults);
    if (isProblem(page)) return { problem: page };
    const { userAgent = '', proxySession = '' } = request.render ?? {};
    if (!/^[\x20-\x7e]{0,500}$/.test(userAgent))
      return { problem: problems.badField('render.user_agent', 'at most 500 characters of ASCII') };
    if (proxySession.length > 200)
      return { problem: problems.badField('render.proxy_session', 'longer than 200 characters') };
    const proxy = this.proxyOf(request);
    if (proxy && isProblem(proxy)) return { problem: proxy };
    const { jobId = '' } = request.render ?? {};
    const allowPrivate = isJobId(jobId) ? this.deps.privateTargets.of(jobId) : [];
    const ownWay = request.render?.proxyJson || request.countryCode;
    // A context keeps what it began with, so it is for requests that want the same.
    const parts = [jobId, proxy?.spec ?? null, allowPrivate, userAgent, proxy?.session ?? null];
    const owner = jobId === '' && userAgent === '' && !ownWay ? '' : JSON.stringify(parts);
    const wish = { contextId: request.contextId, owner, proxy, allowPrivate, userAgent };
    const context = await this.acquire(wish, page, startedAt, signal);
    if (isProblem(context)) return { problem: context, contextId: contextIdIn(context, request) };
    return this.visit(context, request, page, startedAt, signal);
  }

  /** A browser that starts slowly, or hangs, is not waited for longer than the request has. */
  private async acquire(
    wish: ContextWish,
    page: PageRequest,
    startedAt: number,
    signal: AbortSignal,
  ): Promise<PooledContext | HiveProblem> {
    const { clock } = this.deps;
    const made = this.pool.acquire(wish, startedAt);
    try {
      return await within(clock, page.timeoutMs, made, signal);
    } catch (error) {
      // It is the next one's, should it come after all.
      made.then(
        (context) => {
          if (!isProblem(context)) this.pool.giveBack(context);
        },
        () => undefined,
      );
      if (error instanceof LateError)
        return problems.contextFailed(
          `it was not there within ${page.timeoutMs}ms`,
          clock.monotonic() - startedAt,
        );
      throw error;
    }
  }

  /** The job's proxy, else the scope's; in the country that the request names. */
  private proxyOf({ render, countryCode }: WorkerRequest): ProxyRoute | HiveProblem | null {
    let spec = this.options.config.proxy ?? null;
    if (render?.proxyJson) {
      try {
        spec = jobSpec.shape.proxy.parse(JSON.parse(render.proxyJson)) ?? null;
      } catch {
        return problems.badField('render.proxy_json', 'not the proxy of a job spec');
      }
    }
    if (spec === null) return null;
    if (countryCode !== '' && !/^[A-Za-z]{2}$/.test(countryCode))
      return problems.badField('country_code', 'two letters');
    const country = countryCode || spec.country;
    return {
      spec: { ...spec, ...(country ? { country } : {}) },
      session: render?.proxySession || render?.jobId || this.options.scope,
    };
  }

  private async visit(
    context: PooledContext,
    request: WorkerRequest,
    page: PageRequest,
    startedAt: number,
    signal: AbortSignal,
  ): Promise<Done> {
    const { clock, metrics } = this.deps;
    const { config, scope } = this.options;
    const contextId = config.session.mode === 'always_new' ? '' : context.id;
    let tab: BrowserTab | null = null;
    let keep = false;
    try {
      const opened = await this.openTab(context, page, startedAt, signal);
      if (isProblem(opened)) return { problem: opened, contextId };
      tab = opened;
      const navigated = (ms: number): void => metrics?.navigated(scope, ms);
      const { limits } = config;
      const visit = new PageVisit({ clock, limits, navigated }, context, tab, page, startedAt, signal);
      const asked = request.render?.maxContentBytes || Infinity;
      const anyway = request.render?.contentAnyway ?? false;
      const found = await visit.run(Math.min(asked, megabytes(limits.maxContentMb)), anyway);
      keep = found.problem === null || KEEPS_TAB.has(found.problem.code) || found.content.html !== '';
      metrics?.contentRead(scope, found.content.html.length);
      const evidence = await this.evidence(request, tab, keep);
      const { egress } = context;
      // Of this page alone: the next one begins to count as soon as the context is given back.
      const failure = egress.proxyProblem()?.code ?? found.failure;
      return { ...found, ...evidence, contextId, failure, receivedBytes: egress.receivedBytes() };
    } finally {
      if (!keep) context.settling = context.dropTab().catch(() => undefined);
      this.pool.giveBack(context);
      if (keep) context.leaveSoon(clock, () => this.leave(context, tab));
    }
  }

  private async openTab(
    context: PooledContext,
    page: PageRequest,
    startedAt: number,
    signal: AbortSignal,
  ): Promise<BrowserTab | HiveProblem> {
    const { clock } = this.deps;
    try {
      return await within(clock, Math.min(page.timeoutMs, 10_000), context.openTab(), signal);
    } catch (error) {
      if (error instanceof CancelledError) throw error;
      const domain = new URL(page.url).hostname;
      const words = error instanceof Error ? error.message : 'the browser refused';
      const message = error instanceof BrowserFault ? words : `the browser did not answer, ${words}`;
      return problems.tabFailed(context.id, domain, message, clock.monotonic() - startedAt);
    }
  }

  private async evidence({ render }: WorkerRequest, tab: BrowserTab, usable: boolean) {
    if (!render || !usable) return {};
    const shot = render.screenshot
      ? await within(this.deps.clock, CLEAR_MS * 2, tab.screenshot()).catch(() => undefined)
      : undefined;
    return { ...(shot ? { screenshot: shot } : {}), ...(render.har ? { har: tab.har() } : {}) };
  }

  /** After the answer: the page's scripts end, and the tab is ready for the next one. */
  private async leave(context: PooledContext, tab: BrowserTab | null): Promise<void> {
    if (tab === null || this.options.config.session.mode === 'always_new') return;
    await within(this.deps.clock, CLEAR_MS, tab.clear()).catch(() => context.dropTab());
  }

  private answer(done: Done, rayId: string, startedAt: number): WorkerAnswer {
    const {
      problem,
      failure = '',
      document,
      content,
      contextId = '',
      screenshot,
      har,
      receivedBytes = 0,
    } = done;
    const limit = megabytes(this.options.config.limits.maxContentMb);
    const text = cutBytes(content?.html ?? '', limit);
    return {
      code: problem?.code ?? 'none',
      message: problem?.message ?? '',
      statusCode: document?.statusCode ?? 0,
      content: text,
      headers: document?.headers ?? {},
      executionMs: Math.max(0, Math.round(this.deps.clock.monotonic() - startedAt)),
      contextId,
      rayId,
      render: {
        finalUrl: document?.finalUrl ?? '',
        redirects: document?.redirects ?? [],
        failureCode: failure,
        screenshot: screenshot && screenshot.length <= MAX_SCREENSHOT ? screenshot : new Uint8Array(),
        har: har !== undefined && har.length <= MAX_HAR ? har : '',
        truncated: (content?.truncated ?? false) || text.length < (content?.html.length ?? 0),
        receivedBytes,
      },
    };
  }

  /** Takes nothing new, lets what has begun come to its end, and closes the browser. @param ms for all of it */
  async drain(ms: number): Promise<void> {
    this.draining = true;
    const { clock } = this.deps;
    const until = clock.monotonic() + ms;
    while (this.active > 0 && clock.monotonic() < until)
      await clock.sleep(Math.min(DRAIN_POLL_MS, Math.max(1, until - clock.monotonic())));
    this.stopped.abort();
    // What is just being started or made ends with the browser.
    await Promise.all([this.pool.close(), this.holder.close()]);
    await this.sweeping;
  }
}

/** After these the tab is as good as before. */
const KEEPS_TAB: ReadonlySet<string> = new Set([
  'selector_not_found',
  'skip_selector_found',
  'network_error',
  'invalid_url',
]);

interface Done extends Partial<Visit> {
  problem: HiveProblem | null;
  contextId?: string;
  screenshot?: Uint8Array;
  har?: string;
  receivedBytes?: number;
}

/** The context that a problem is about, where it is one that exists. */
const contextIdIn = ({ code }: HiveProblem, { contextId }: WorkerRequest): string =>
  code === 'browser_error' ? contextId : '';

/** Well-formed text of at most so many bytes: half a surrogate is not UTF-8, and would make the whole answer unreadable. */
function cutBytes(text: string, bytes: number): string {
  const sound = text.replace(/\p{Surrogate}/gu, '\ufffd');
  const encoded = Buffer.from(sound);
  return encoded.length <= bytes
    ? sound
    : encoded
        .subarray(0, bytes)
        .toString()
        .replace(/\ufffd$/, '');
}
