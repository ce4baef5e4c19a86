import {
  BrowserFault,
  type BrowserEgresses,
  type Clock,
  type HiveMetrics,
  type Logger,
  type ProxyRoute,
} from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import {
  megabytes,
  problems,
  recycleReason,
  sessionRules,
  type HiveProblem,
  type RecycleReason,
  type ScopeConfig,
} from '#libs/hive';
import type { BrowserHolder } from './browser-holder.js';
import { PooledContext } from './pooled-context.js';

export interface ContextPoolDeps {
  browser: BrowserHolder;
  egresses: BrowserEgresses;
  clock: Clock;
  logger: Logger;
  metrics?: HiveMetrics | undefined;
  /** At least 128 random bits, as text. */
  newContextId(): string;
}

/** For whom a context is wanted. */
export interface ContextWish {
  /** Empty: any. */
  contextId: string;
  owner: string;
  proxy: ProxyRoute | null;
  allowPrivate: readonly string[];
  /** Empty: the scope's. */
  userAgent: string;
}

const ANY: Omit<ContextWish, 'contextId' | 'proxy'> = { owner: '', allowPrivate: [], userAgent: '' };

/** The contexts of one browser: made, lent to one request at a time, recycled. */
export class ContextPool {
  private readonly contexts = new Map<string, PooledContext>();
  /** Contexts that are being made, which take room already. */
  private making = 0;
  created = 0;
  recycled = 0;

  constructor(
    private readonly deps: ContextPoolDeps,
    private readonly scope: string,
    private readonly config: ScopeConfig,
  ) {}

  get total(): number {
    return this.contexts.size + this.making;
  }

  get active(): number {
    let busy = this.making;
    for (const context of this.contexts.values()) if (context.busy) busy += 1;
    return busy;
  }

  get available(): number {
    return Math.max(0, this.config.contexts.max - this.active);
  }

  /** A context that is this request's alone until it is given back; or why there is none. */
  async acquire(wish: ContextWish, startedAt: number): Promise<PooledContext | HiveProblem> {
    if (wish.contextId !== '') return this.byId(wish, startedAt);
    if (this.config.session.mode !== 'always_new') {
      for (const context of this.contexts.values())
        if (!context.busy && !context.lost && context.owner === wish.owner && !this.reasonOf(context))
          return this.lend(context);
    }
    if (this.active >= this.config.contexts.max) return problems.noSlots(this.scope);
    this.makeRoom();
    return this.open(wish, startedAt);
  }

  private byId({ contextId, owner }: ContextWish, startedAt: number): PooledContext | HiveProblem {
    const context = this.contexts.get(contextId);
    if (!context || context.owner !== owner) return problems.contextNotFound(contextId);
    if (context.busy) return problems.busy(context.figures, this.deps.clock.monotonic() - startedAt);
    // One of a browser that crashed is lent once more: its tab cannot be made, and that is what its client is told.
    const reason = context.lost ? null : this.reasonOf(context);
    if (reason) {
      this.drop(context, reason);
      return problems.contextNotFound(contextId);
    }
    context.addressed = true;
    return this.lend(context);
  }

  private lend(context: PooledContext): PooledContext {
    context.busy = true;
    context.requests += 1;
    context.egress.forget();
    return context;
  }

  private reasonOf(context: PooledContext): RecycleReason | null {
    return recycleReason(context.age, sessionRules(this.config), this.deps.clock.monotonic());
  }

  private async open(wish: ContextWish, startedAt: number): Promise<PooledContext | HiveProblem> {
    this.making += 1;
    try {
      const context = await this.make(wish);
      context.requests = 1;
      return context;
    } catch (error) {
      this.deps.logger.warn({ err: error, scope: this.scope }, 'a browser context could not be made');
      return problems.contextFailed(describeFault(error), this.deps.clock.monotonic() - startedAt);
    } finally {
      this.making -= 1;
    }
  }

  private async make(wish: Omit<ContextWish, 'contextId'>): Promise<PooledContext> {
    const { owner, proxy, allowPrivate } = wish;
    const { clock, egresses, newContextId } = this.deps;
    const { browser: look, limits } = this.config;
    const browser = await this.deps.browser.get();
    const egress = await egresses.open({
      allowPrivate,
      proxy: proxy ?? undefined,
      limits: { maxPageBytes: megabytes(limits.maxPageMb) },
    });
    try {
      const { server, username, password } = egress;
      const { locale, timezone, width, height } = look;
      const userAgent = wish.userAgent || look.userAgent;
      const context = await browser.openContext({
        proxy: { server, username, password },
        ...{ userAgent, locale, timezone, width, height },
      });
      const id = newContextId();
      const now = clock.monotonic();
      const pooled = new PooledContext({ id, owner, context, egress, now, wallNow: clock.now() });
      this.contexts.set(id, pooled);
      this.created += 1;
      this.deps.metrics?.contextOpened(this.scope);
      return pooled;
    } catch (error) {
      await egress.close();
      throw error;
    }
  }

  /** The longest unused one goes when the pool is full of contexts that belong to others. */
  private makeRoom(): void {
    if (this.total < this.config.contexts.max) return;
    let oldest: PooledContext | null = null;
    for (const context of this.contexts.values())
      if (!context.busy && (oldest === null || context.lastUsedAt < oldest.lastUsedAt)) oldest = context;
    if (oldest) this.drop(oldest, 'room');
  }

  /** Takes a context back; one that is not to be used again goes. */
  giveBack(context: PooledContext): void {
    context.lastUsedAt = this.deps.clock.monotonic();
    context.cacheBytes += context.egress.receivedBytes();
    context.busy = false;
    if (context.lost) this.drop(context, 'lost');
    else if (this.config.session.mode === 'always_new') this.drop(context, 'always_new');
  }

  private drop(context: PooledContext, reason: RecycleReason | 'room' | 'lost' | 'always_new'): void {
    if (!this.contexts.delete(context.id)) return;
    this.recycled += 1;
    this.deps.metrics?.contextRecycled(this.scope, reason);
    void context.close().catch(() => undefined);
  }

  /** Recycles what is due, and has contexts ready where that is wanted. */
  async sweep(): Promise<void> {
    for (const context of [...this.contexts.values()]) {
      if (context.busy) continue;
      const reason =
        context.lost && context.age.lastUsedAt + 60_000 < this.deps.clock.monotonic() ? 'lost' : null;
      const due = reason ?? (context.lost ? null : this.reasonOf(context));
      if (due) this.drop(context, due);
    }
    const { session, contexts } = this.config;
    if (session.mode !== 'reusable_preinit') return;
    while (this.total < contexts.min) {
      this.making += 1;
      try {
        (await this.make({ ...ANY, proxy: this.standing })).busy = false;
      } finally {
        this.making -= 1;
      }
    }
  }

  /** Proxy of contexts that are made before anybody asks. */
  private get standing(): ProxyRoute | null {
    return this.config.proxy ? { spec: this.config.proxy, session: this.scope } : null;
  }

  /** Their browser is gone. Clients who come back are told so once; all others get a new one. */
  browserLost(): void {
    for (const context of this.contexts.values()) {
      context.lost = true;
      context.tab = null;
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.contexts.values()].map((context) => context.close().catch(() => undefined)));
    this.contexts.clear();
  }
}

/** Words of libraries are nothing for clients. */
const describeFault = (error: unknown): string =>
  error instanceof BrowserFault || error instanceof SpoorError ? error.message : 'the browser refused';
