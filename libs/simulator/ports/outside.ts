import { hostOf, originOf, toLink, type RobotsVerdict } from '#libs/events';
import { failures, type FailureCode } from '#libs/failures';
import { scopeOf } from '#libs/job';
import {
  ProxyFailedError,
  type Fetcher,
  type FetchOutcome,
  type FetchRequest,
  type PageParser,
  type ParsedPage,
  type ParseRequest,
  type ProxyCheck,
  type ProxyProblem,
  type Robots,
  type RobotsQuestion,
} from '#libs/engine/ports';
import type { Link } from '../link.js';
import type { Visit, Web, WorkedOn } from '../servers/web.js';
import { aborted } from './clock.js';

/** The way of one worker to the sites. */
export class Outside implements Fetcher, PageParser {
  readonly robots: Robots = { check: (question) => this.robotsOf(question) };
  readonly proxyCheck: ProxyCheck = { check: () => this.wayThroughProxy() };

  constructor(
    private readonly link: Link,
    private readonly web: Web,
    private readonly workedOn: (url: string) => WorkedOn[] = () => [],
    private readonly needsProxy: (url: string) => boolean = () => false,
  ) {}

  async fetch(request: FetchRequest): Promise<FetchOutcome> {
    const { life, scene } = this.link;
    const { world } = scene;
    const { url, signal } = request;
    const startedAt = world.time;
    await this.wait(scene.chaos.latency(), 'request', signal);
    if (!life.alive) return never();
    const timing = () => ({ startedAt, durationMs: world.time - startedAt });
    if (this.needsProxy(url) && !request.proxy) world.fail('proxy', `${url} was requested without its proxy`);
    if (request.proxy && this.proxyIsDown)
      return { ...PROXY_DOWN, finalUrl: url, redirects: [], timing: timing() };
    const visit: Visit = { at: world.time, url, life, tasks: this.workedOn(url) };
    const answer = this.web.answer(visit);
    const { takes, killer } = this.web.page(url);
    await this.wait(Math.min(takes, request.timeoutMs), `response of ${url}`, signal);
    visit.ended = world.time;
    if (killer) {
      world.note(life, `killed by ${url}`);
      life.kill();
      return never();
    }
    if (takes > request.timeoutMs || typeof answer === 'string') {
      const code: FailureCode = typeof answer === 'string' ? answer : 'timeout';
      return {
        ok: false,
        code,
        message: code,
        statusCode: 0,
        finalUrl: url,
        redirects: [],
        timing: timing(),
      };
    }
    const body = request.readBody ? Buffer.from(url) : null;
    return {
      ...{
        ok: true,
        statusCode: answer,
        finalUrl: url,
        redirects: [],
        headers: {},
        contentType: 'text/html',
      },
      ...{ raw: body, encoding: 'identity', body, truncated: false, receivedBytes: url.length },
      ...{ timing: timing(), retryAfterMs: null },
    };
  }

  private async wayThroughProxy(): Promise<{ ok: true; ms: number } | ProxyProblem> {
    await this.wait(this.link.scene.chaos.latency(), 'proxy check');
    return this.proxyIsDown ? PROXY_DOWN : { ok: true, ms: 1 };
  }

  parse({ spec, depth, finalUrl }: ParseRequest): ParsedPage {
    const follow: string[] = [];
    const skip: Record<string, string[]> = {};
    for (const url of this.web.page(finalUrl).links) {
      const verdict = scopeOf(spec).verdict(url, depth + 1);
      (verdict === null ? follow : (skip[verdict] ??= [])).push(toLink(url, originOf(finalUrl)));
    }
    const links = { follow: { page: [...new Set(follow)] }, skip };
    const items = [{ index: 0, data: { url: finalUrl } }];
    return { title: `Page ${finalUrl}`, h1: null, charset: 'utf-8', links, items };
  }

  private async robotsOf({ url, policy, signal, proxy }: RobotsQuestion): Promise<RobotsVerdict> {
    await this.wait(this.link.scene.chaos.latency(), `robots of ${hostOf(url)}`, signal);
    if (proxy && this.proxyIsDown) throw new ProxyFailedError(PROXY_DOWN);
    const said = this.web.robots(url);
    return {
      ...{ policy, allowed: said === 'allowed', confidence: 'high', reason: said, rule: null },
      ...(said === 'unreachable' ? { unreachable: true } : {}),
    };
  }

  private get proxyIsDown(): boolean {
    return this.web.proxyDownUntil > this.link.scene.world.time;
  }

  private wait(ms: number, label: string, signal?: AbortSignal): Promise<void> {
    const { life, scene } = this.link;
    return new Promise((resolve, reject) => {
      if (!life.alive) return;
      if (signal?.aborted) return reject(aborted());
      const onAbort = (): void => {
        cancel();
        reject(aborted());
      };
      const cancel = scene.world.after(ms, life, label, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort);
    });
  }
}

const PROXY_DOWN = {
  ...{ ok: false as const, code: 'proxy_bad_gateway' as const, statusCode: 502, message: 'The proxy failed' },
  ...{ vendorText: null, hint: failures.proxy_bad_gateway.hint },
};

/** What a dead process is told. */
const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
