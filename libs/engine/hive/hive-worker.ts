import {
  BrowserFault,
  type BrowserEgresses,
  type Browsers,
  type BrowserTab,
  type Clock,
  type HiveMetrics,
  type Logger,
  type PrivateTargets,
  type WorkerAnswer,
  type WorkerRequest,
} from '#libs/engine/ports';
import {
  brief,
  isProblem,
  megabytes,
  problems,
  type Heartbeat,
  type HiveProblem,
  type PageRequest,
  type ScopeConfig,
} from '#libs/hive';
import { askedPage } from './asked-page.js';
import { BrowserCare } from './browser-care.js';
import { BrowserHolder } from './browser-holder.js';
import { ContextPool, type ContextWish } from './context-pool.js';
import { PageVisit } from './page-visit.js';
import type { PooledContext } from './pooled-context.js';
import { CancelledError, LateError, within } from './within.js';
import { answerOf, type Done } from './worker-answer.js';

/** For a page to be left behind, ms; one that does not let go loses its tab. */
const CLEAR_MS = 2000;
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
  /** Whoever reaches the port may call. */
  keyless: boolean;
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
  private readonly care: BrowserCare;
  private active = 0;
  private total = 0;
  private failed = 0;
  private draining = false;

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
    const { holder, pool } = this;
    this.care = new BrowserCare(
      { holder, pool, clock, logger, metrics, active: () => this.active },
      scope,
      megabytes(config.limits.maxBrowserMemoryMb),
    );
  }

  /** Starts the browser and what looks after its contexts. A browser that does not start is tried again with each request. */
  start(): void {
    this.holder.get().catch((error: unknown) => {
      if (!this.draining)
        this.deps.logger.error({ err: error, scope: this.options.scope }, 'no browser can be started');
    });
    this.care.start();
  }

  /** Requests would be refused. */
  private get takesNothing(): boolean {
    return this.draining || this.care.outgrown;
  }

  get figures(): WorkerFigures {
    const { total, failed, pool } = this;
    return {
      totalContexts: pool.total,
      availableSlots: this.takesNothing ? 0 : pool.available,
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
      draining: this.takesNothing,
      healthy: this.health.healthy,
    };
  }

  /** Never rejects. @param signal the caller does not wait any more */
  async scrape(request: WorkerRequest, signal: AbortSignal): Promise<WorkerAnswer> {
    const { clock, logger, metrics, newRayId } = this.deps;
    const { scope, config } = this.options;
    const startedAt = clock.monotonic();
    const rayId = brief(request.rayId) || newRayId();
    let done: Done = { problem: problems.unknown() };
    let isGone = false;
    this.active += 1;
    try {
      done = await this.work(request, startedAt, signal);
    } catch (error) {
      isGone = error instanceof CancelledError;
      if (!isGone) logger.error({ err: error, rayId }, 'a request ended with an error that nobody expected');
    } finally {
      this.active -= 1;
    }
    // Whoever asks next waits for the new browser as for any.
    void this.care.requestEnded().catch(() => undefined);
    const executionMs = Math.max(0, Math.round(clock.monotonic() - startedAt));
    const answer = answerOf(done, rayId, executionMs, config.limits);
    this.total += 1;
    if (answer.code !== 'none' && !isGone) this.failed += 1;
    metrics?.scraped(scope, isGone ? 'cancelled' : answer.code, executionMs);
    return answer;
  }

  private async work(request: WorkerRequest, startedAt: number, signal: AbortSignal): Promise<Done> {
    if (this.draining) return { problem: problems.workerTerminating() };
    if (this.care.outgrown) return { problem: problems.browserReplaced() };
    const { scope, config, keyless } = this.options;
    const { privateTargets } = this.deps;
    const asked = askedPage(request, { scope, config, keyless, privateTargets });
    if (isProblem(asked)) return { problem: asked, failure: asked.failure ?? '' };
    const { page, wish } = asked;
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

  /** Takes nothing new, lets what has begun come to its end, and closes the browser. @param ms for all of it */
  async drain(ms: number): Promise<void> {
    this.draining = true;
    const { clock } = this.deps;
    const until = clock.monotonic() + ms;
    while (this.active > 0 && clock.monotonic() < until)
      await clock.sleep(Math.min(DRAIN_POLL_MS, Math.max(1, until - clock.monotonic())));
    this.care.stop();
    // What is just being started or made ends with the browser.
    await Promise.all([this.pool.close(), this.holder.close()]);
    await this.care.ended();
  }
}

/** After these the tab is as good as before. */
const KEEPS_TAB: ReadonlySet<string> = new Set([
  'selector_not_found',
  'skip_selector_found',
  'network_error',
  'invalid_url',
]);

/** The context that a problem is about, where it is one that exists. */
const contextIdIn = ({ code }: HiveProblem, { contextId }: WorkerRequest): string =>
  code === 'browser_error' ? contextId : '';
