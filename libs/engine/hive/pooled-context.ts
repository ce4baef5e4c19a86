import type { BrowserContext, BrowserEgress, BrowserTab, Clock } from '#libs/engine/ports';
import type { ContextAge, ContextFigures } from '#libs/hive';

/** After so many pages a tab is replaced: what pages leave behind in one does not add up. */
const PAGES_PER_TAB = 100;
/** How long the scripts of a page may go on after its answer, ms. */
const LEAVE_MS = 500;

export interface ContextParts {
  id: string;
  /** Who shares it: job and proxy. Nobody else finds it. */
  owner: string;
  context: BrowserContext;
  egress: BrowserEgress;
  /** ms since the epoch, and of the clock that never goes back. */
  wallNow: number;
  now: number;
}

/** A context of the pool, with its one tab and its one way out. */
export class PooledContext {
  readonly id: string;
  readonly owner: string;
  readonly egress: BrowserEgress;
  busy = true;
  addressed = false;
  /** Its browser is gone, and with it what it held. */
  lost = false;
  requests = 0;
  /** All it has received: no more can lie in its cache. */
  cacheBytes = 0;
  tab: BrowserTab | null = null;
  /** The last page is being left. */
  settling: Promise<void> = Promise.resolve();
  private opening: Promise<BrowserTab> | null = null;
  private stay = (): void => undefined;
  lastUsedAt: number;
  private readonly createdAt: number;
  private readonly wallOffset: number;
  private readonly context: BrowserContext;
  private pagesOfTab = 0;

  constructor({ id, owner, context, egress, wallNow, now }: ContextParts) {
    this.id = id;
    this.owner = owner;
    this.context = context;
    this.egress = egress;
    this.createdAt = now;
    this.lastUsedAt = now;
    this.wallOffset = wallNow - now;
  }

  get age(): ContextAge {
    const { createdAt, lastUsedAt, requests, cacheBytes, addressed } = this;
    return { createdAt, lastUsedAt, requests, cacheBytes, addressed };
  }

  get figures(): ContextFigures {
    const { id, requests, cacheBytes, wallOffset } = this;
    const createdAt = this.createdAt + wallOffset;
    return { id, requests, cacheBytes, createdAt, lastUsedAt: this.lastUsedAt + wallOffset };
  }

  /** The tab, a new one where the last is gone or old. @throws BrowserFault */
  async openTab(): Promise<BrowserTab> {
    this.stay();
    await this.settling;
    if (this.tab && (!this.tab.usable || this.pagesOfTab >= PAGES_PER_TAB)) await this.dropTab();
    if (!this.tab) {
      // One that came too late for the last request is this one's.
      this.opening ??= this.context.openTab().finally(() => (this.opening = null));
      this.tab = await this.opening;
      this.pagesOfTab = 0;
    }
    this.pagesOfTab += 1;
    return this.tab;
  }

  /**
   * Leaves the last page unless another one is wanted at once, which leaves it, too: to go by an empty page costs Chromium a process.
   * @param leave gets the tab off its page
   */
  leaveSoon(clock: Pick<Clock, 'timer'>, leave: () => Promise<void>): void {
    this.stay = clock.timer(LEAVE_MS, () => {
      if (!this.busy) this.settling = leave().catch(() => undefined);
    });
  }

  /** A tab that hangs holds up nobody: its context gets another, with all cookies. */
  async dropTab(): Promise<void> {
    const tab = this.tab;
    this.tab = null;
    await tab?.close();
  }

  async close(): Promise<void> {
    this.stay();
    await this.settling.catch(() => undefined);
    await Promise.all([this.context.close(), this.egress.close()]);
  }
}
