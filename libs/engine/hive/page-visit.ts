import {
  BrowserFault,
  type BrowserTab,
  type Clock,
  type Navigation,
  type PageContent,
} from '#libs/engine/ports';
import type { FailureCode } from '#libs/failures';
import {
  errorPage,
  failureOfNetError,
  hidesReason,
  megabytes,
  problems,
  WAIT_GRACE_MS,
  type HiveProblem,
  type PageRequest,
  type ScopeConfig,
} from '#libs/hive';
import type { PooledContext } from './pooled-context.js';
import { LateError, within } from './within.js';

/** What is kept of the time of a request for reading the page at its end, ms. */
const RESERVE_MS = 1000;
/** How long the browser's own error page is waited for, ms. */
const ERROR_PAGE_MS = 1000;
/** A page that forbids us to see it is not waited for until it is quiet, ms. */
const FORBIDDEN_WAIT_MS = 2000;

export interface VisitDeps {
  clock: Clock;
  limits: ScopeConfig['limits'];
  navigated?(ms: number): void;
}

/** What came of a page; with a problem there may still be content. */
export interface Visit {
  problem: HiveProblem | null;
  failure: FailureCode | '';
  document: Navigation | null;
  content: PageContent;
}

const NOTHING: PageContent = { html: '', truncated: false };

/** One page in one tab: there, until it is what was wanted, and its content; with a limit for each step and for all. */
export class PageVisit {
  private readonly endsAt: number;
  private document: Navigation | null = null;

  constructor(
    private readonly deps: VisitDeps,
    private readonly context: PooledContext,
    private readonly tab: BrowserTab,
    private readonly request: PageRequest,
    private readonly startedAt: number,
    private readonly signal: AbortSignal,
  ) {
    this.endsAt = startedAt + request.timeoutMs;
  }

  /**
   * @param anyway the page is wanted as it is when what was waited for did not come in time
   * @throws CancelledError; whatever else happens is in the answer
   */
  async run(maxChars: number, anyway = false): Promise<Visit> {
    const { clock, limits } = this.deps;
    const { url, wait } = this.request;
    const before = clock.monotonic();
    try {
      await this.step(limits.navigationMs, this.tab.navigate(url));
      this.document = await this.step(limits.navigationMs, this.tab.document());
    } catch (error) {
      if (error instanceof LateError)
        return this.failed(problems.timeout(wait, `navigation ${error.message}`), 'timeout');
      if (error instanceof BrowserFault && error.kind === 'net') return this.notReached(error.message);
      return this.broken(error);
    }
    this.deps.navigated?.(clock.monotonic() - before);
    // A refusal of a plain http address may have come as a page of the proxy's own.
    const refused = this.context.egress.refusalOf(this.document?.finalUrl ?? url);
    if (refused && (this.document === null || this.document.statusCode >= 400))
      return this.notReached(refused.netError);
    let found: HiveProblem | null;
    try {
      found = await this.waited();
    } catch (error) {
      return this.broken(error);
    }
    return this.read(found, maxChars, anyway);
  }

  private get left(): number {
    return this.endsAt - this.deps.clock.monotonic();
  }

  private step<T>(ms: number, work: Promise<T>): Promise<T> {
    return within(this.deps.clock, Math.min(ms, Math.max(1, this.left)), work, this.signal);
  }

  /** Waits for what was asked for. @returns what did not come */
  private async waited(): Promise<HiveProblem | null> {
    const { skipSelector, wait } = this.request;
    const reserve = Math.min(RESERVE_MS, this.request.timeoutMs / 4);
    const ms = Math.max(1, Math.min(this.request.waitMs, this.left - reserve));
    const forbidden = this.document?.statusCode === 403;
    const work = forbidden ? this.forbidden() : this.wanted(ms);
    const skip = skipSelector === null ? null : this.skipped(skipSelector, ms);
    try {
      const first = await this.step(ms + WAIT_GRACE_MS, skip ? Promise.race([work, skip]) : work);
      if (first) return first;
      if (skipSelector !== null && (await this.step(ms + WAIT_GRACE_MS, this.tab.has(skipSelector))))
        return problems.skipSelectorFound(skipSelector);
      return null;
    } catch (error) {
      if (error instanceof LateError) return problems.timeout(wait, error.message);
      if (error instanceof BrowserFault && error.kind === 'selector')
        return problems.badField('skip_selector', 'not a CSS selector');
      throw error;
    }
  }

  private async forbidden(): Promise<null> {
    await this.tab.settle('domcontentloaded', FORBIDDEN_WAIT_MS).catch(ignoreTimeout);
    return null;
  }

  private async wanted(ms: number): Promise<HiveProblem | null> {
    const { wait, waitSelector } = this.request;
    const until = this.deps.clock.monotonic() + ms;
    try {
      if (wait === 'timeout') await Promise.race([this.deps.clock.sleep(ms, this.signal), this.tab.ended]);
      else if (wait !== 'selector') await this.tab.settle(wait, ms);
    } catch (error) {
      if (isTimeout(error)) return problems.timeout(wait, `it was not reached within ${Math.round(ms)}ms`);
      throw error;
    }
    if (waitSelector === null) return null;
    try {
      await this.tab.appears(waitSelector, Math.max(1, until - this.deps.clock.monotonic()));
      return null;
    } catch (error) {
      if (isTimeout(error)) return problems.selectorNotFound(waitSelector);
      if (error instanceof BrowserFault && error.kind === 'selector') {
        const { code, message } = problems.selectorNotFound(waitSelector);
        return { code, message: `${message}: it is not a CSS selector` };
      }
      throw error;
    }
  }

  /** Never settles unless the element comes: that it did not is nothing to wait for. */
  private skipped(selector: string, ms: number): Promise<HiveProblem> {
    return new Promise((resolve, reject) => {
      this.tab.appears(selector, ms).then(
        () => resolve(problems.skipSelectorFound(selector)),
        (error: unknown) => {
          if (!isTimeout(error)) reject(error as Error);
        },
      );
    });
  }

  /** The page as it is, where the contract has it told. */
  private async read(found: HiveProblem | null, maxChars: number, anyway: boolean): Promise<Visit> {
    if ((found?.code === 'timeout_browser' && !anyway) || found?.code === 'unknown')
      return this.failed(found, codeOf(found));
    try {
      const ms = Math.min(this.deps.limits.contentMs, Math.max(RESERVE_MS, this.left));
      const content = await within(this.deps.clock, ms, this.tab.content(maxChars), this.signal);
      // Scripts may have gone on to another document meanwhile.
      this.document = (await within(this.deps.clock, ms, this.tab.document(), this.signal)) ?? this.document;
      return { problem: found, failure: '', document: this.document, content };
    } catch (error) {
      if (error instanceof LateError)
        return this.failed(
          problems.timeout(this.request.wait, `the content came ${error.message}`),
          'timeout',
        );
      return this.broken(error);
    }
  }

  private failed(problem: HiveProblem, failure: FailureCode | ''): Visit {
    return { problem, failure, document: this.document, content: NOTHING };
  }

  private async notReached(netError: string): Promise<Visit> {
    const { egress } = this.context;
    const refusal = egress.refusalOf(this.request.url) ?? egress.refusals().at(-1) ?? null;
    this.document = null;
    if (refusal && (refusal.kind === 'blocked' || hidesReason(netError) || refusal.netError === netError)) {
      if (refusal.kind === 'blocked')
        return this.failed(problems.invalidUrl('the address is not public'), refusal.code);
      return this.errorPage(refusal.netError, refusal.code);
    }
    return this.errorPage(netError, failureOfNetError(netError));
  }

  private async errorPage(netError: string, failure: FailureCode): Promise<Visit> {
    const name = netError.replace('net::', '');
    const shown = await within(this.deps.clock, ERROR_PAGE_MS, this.tab.content(megabytes(1))).catch(
      () => NOTHING,
    );
    const html = shown.html.includes(name) ? shown.html : errorPage(netError);
    const content = { html, truncated: false };
    return { problem: problems.network(netError), failure, document: null, content };
  }

  /** @throws what is no fault of the browser */
  private broken(error: unknown): Visit {
    if (!(error instanceof BrowserFault)) throw error;
    const ms = this.deps.clock.monotonic() - this.startedAt;
    const domain = new URL(this.request.url).hostname;
    const what = HAPPENED[error.kind] ?? error.message;
    this.document = null;
    return this.failed(problems.crashed(this.context.id, domain, what, ms), '');
  }
}

const HAPPENED: Partial<Record<BrowserFault['kind'], string>> = {
  crashed: 'the page crashed',
  gone: 'the browser crashed',
};

const isTimeout = (error: unknown): boolean => error instanceof BrowserFault && error.kind === 'timeout';

const codeOf = ({ code }: HiveProblem): FailureCode | '' => (code === 'timeout_browser' ? 'timeout' : '');

function ignoreTimeout(error: unknown): void {
  if (!isTimeout(error)) throw error;
}
