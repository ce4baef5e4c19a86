import { ProxyFailedError } from '#libs/engine/ports';
import type { Clock, FetchOutcome, Fetcher, Robots, RobotsQuestion } from '#libs/engine/ports';
import { originOf, type RobotsVerdict } from '#libs/events';
import { failures } from '#libs/failures';
import { decidingRule, groupFor, parseRobots, productToken, type RobotsFile } from './rules.js';

const HOUR = 3_600_000;
/** What a parser must at least read (RFC 9309, 2.5), and all that is read here. */
const MAX_BYTES = 500 * 1024;
const MAX_REDIRECTS = 5;
const TIMEOUT_MS = 15_000;
const MAX_ORIGINS = 1000;
const TTL_READ = HOUR;
/** An answer that may be a passing mood of the server is asked again soon. */
const TTL_UNSURE = 5 * 60_000;
/** A file that cannot be read is asked for again after this long, then after ever longer: pages wait for it, few at first. */
const TTL_UNREACHABLE = 500;
/** While the file cannot be reached, an older copy speaks for the site (RFC 9309, 2.4). */
const MAX_STALE = 24 * HOUR;

/** What is known of one origin's robots.txt. */
type Knowledge =
  | { kind: 'file'; file: RobotsFile; readAt: number }
  | { kind: 'none'; reason: string; sure: boolean }
  | { kind: 'unreachable'; reason: string };

interface Entry {
  knowledge: Promise<Knowledge>;
  /** Infinity while the answer is awaited. */
  expiresAt: number;
  /** Times in a row that it could not be reached. */
  failures: number;
}

/** RFC 9309 over the engine's own egress: one request per origin and hour, shared by all who ask meanwhile. */
export class CachedRobots implements Robots {
  /** In order of last use. */
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly fetcher: Fetcher,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  async check(question: RobotsQuestion): Promise<RobotsVerdict> {
    const { policy, signal } = question;
    if (policy === 'ignore')
      return { policy, allowed: true, confidence: 'medium', reason: 'robots.txt is ignored', rule: null };
    const knowledge = await untilAborted(this.know(question), signal);
    return verdict(question, knowledge);
  }

  private know(question: RobotsQuestion): Promise<Knowledge> {
    const key = keyOf(question);
    const known = this.entries.get(key);
    if (known && this.clock.now() < known.expiresAt) {
      this.entries.delete(key);
      this.entries.set(key, known);
      return known.knowledge;
    }
    const entry: Entry = {
      knowledge: this.ask(question, known?.knowledge),
      expiresAt: Number.POSITIVE_INFINITY,
      failures: known?.failures ?? 0,
    };
    this.entries.delete(key);
    this.entries.set(key, entry);
    this.forgetOldest();
    entry.knowledge.then(
      (knowledge) => {
        const now = this.clock.now();
        entry.failures = knowledge.kind === 'unreachable' ? entry.failures + 1 : 0;
        entry.expiresAt = now + timeToLive(knowledge, entry.failures, now);
      },
      () => this.entries.delete(key),
    );
    return entry.knowledge;
  }

  private async ask(
    { url, userAgent, proxy, allowPrivate }: RobotsQuestion,
    before?: Promise<Knowledge>,
  ): Promise<Knowledge> {
    const outcome = await this.fetcher.fetch({
      url: `${originOf(url)}/robots.txt`,
      userAgent,
      proxy,
      allowPrivate,
      timeoutMs: TIMEOUT_MS,
      maxBodyBytes: MAX_BYTES,
      maxRedirects: MAX_REDIRECTS,
      readBody: true,
      // Of nobody's page: one who gives up must not end it for the others.
      signal: new AbortController().signal,
    });
    if (!outcome.ok && failures[outcome.code].stopsJob) throw ProxyFailedError.of(outcome);
    const now = this.clock.now();
    const knowledge = understand(outcome, now);
    if (knowledge.kind !== 'unreachable') return knowledge;
    const older = await before?.catch(() => undefined);
    return older?.kind === 'file' && now - older.readAt < MAX_STALE ? older : knowledge;
  }

  private forgetOldest(): void {
    for (const origin of this.entries.keys()) {
      if (this.entries.size <= MAX_ORIGINS) return;
      this.entries.delete(origin);
    }
  }
}

/** What is known through a proxy, and whether it can be asked, is of no use to those who ask in another way. */
const keyOf = ({ url, proxy, allowPrivate = [] }: RobotsQuestion): string =>
  [originOf(url), ...allowPrivate, ...(proxy ? [JSON.stringify(proxy.spec)] : [])].join(' ');

/** RFC 9309, 2.3.1: 2xx is read, 4xx and too many redirects mean that there is none, all else forbids everything. */
export function understand(outcome: FetchOutcome, now: number): Knowledge {
  if (!outcome.ok) {
    if (outcome.code === 'too_many_redirects' || outcome.code === 'redirect_loop')
      return { kind: 'none', reason: 'No robots.txt (its redirects do not end)', sure: true };
    return { kind: 'unreachable', reason: `robots.txt could not be read: ${outcome.message}` };
  }
  const { statusCode, body, truncated } = outcome;
  if (statusCode >= 200 && statusCode < 300)
    return { kind: 'file', file: parseRobots(textOf(body ?? Buffer.alloc(0), truncated)), readAt: now };
  if (statusCode >= 500) return { kind: 'unreachable', reason: `robots.txt answered HTTP ${statusCode}` };
  return { kind: 'none', reason: `No robots.txt (HTTP ${statusCode})`, sure: statusCode !== 429 };
}

function timeToLive(knowledge: Knowledge, failures: number, now: number): number {
  if (knowledge.kind === 'unreachable') return Math.min(TTL_UNREACHABLE * 2 ** (failures - 1), TTL_UNSURE);
  const sure =
    knowledge.kind === 'file'
      ? now - knowledge.readAt < TTL_UNSURE
      : knowledge.kind === 'none' && knowledge.sure;
  return sure ? TTL_READ : TTL_UNSURE;
}

/** A line that the size limit cut in two would say something else than the site did. */
function textOf(body: Buffer, truncated: boolean): string {
  const end = truncated ? Math.max(body.lastIndexOf(10), body.lastIndexOf(13)) : body.length;
  return body.subarray(0, Math.max(0, end)).toString('utf8');
}

function verdict(question: RobotsQuestion, knowledge: Knowledge): RobotsVerdict {
  const { policy } = question;
  const { pathname, search } = new URL(question.url);
  if (pathname === '/robots.txt')
    return {
      policy,
      allowed: true,
      confidence: 'high',
      reason: 'robots.txt itself is always allowed',
      rule: null,
    };
  if (knowledge.kind === 'none')
    return { policy, allowed: true, confidence: 'medium', reason: knowledge.reason, rule: null };
  if (knowledge.kind === 'unreachable')
    return {
      policy,
      allowed: false,
      confidence: 'low',
      reason: knowledge.reason,
      rule: null,
      unreachable: true,
    };

  const group = groupFor(knowledge.file, productToken(question.userAgent));
  const rule = group && decidingRule(group, pathname + search);
  const allowed = rule?.allow ?? true;
  return {
    policy,
    allowed,
    confidence: allowed ? 'high' : 'low',
    reason: allowed ? 'Allowed by robots.txt' : `Path disallowed by robots.txt: ${pathname}${search}`,
    rule: rule?.line ?? null,
    ...crawlDelay(group?.crawlDelayMs ?? null, question.maxCrawlDelayMs),
  };
}

function crawlDelay(
  asked: number | null,
  cap: number,
): Pick<RobotsVerdict, 'crawlDelayMs' | 'crawlDelayHonouredMs'> {
  return asked === null ? {} : { crawlDelayMs: asked, crawlDelayHonouredMs: Math.min(asked, cap) };
}

/** @throws AbortError as soon as `signal` fires. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new DOMException('The check was aborted', 'AbortError'));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const settled = () => signal.removeEventListener('abort', onAbort);
    work.then(resolve, reject).finally(settled);
  });
}
