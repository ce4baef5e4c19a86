import type { PrivateTargets, ProxyRoute, WorkerRequest } from '#libs/engine/ports';
import { isJobId, isSharedVariable, jobSpec } from '#libs/events';
import {
  isProblem,
  problems,
  readRequest,
  type HiveProblem,
  type PageRequest,
  type ScopeConfig,
} from '#libs/hive';
import type { ContextWish } from './context-pool.js';

type Proxy = ProxyRoute['spec'];

/** A request as it was understood. */
export interface AskedPage {
  page: PageRequest;
  /** The context that it needs. */
  wish: ContextWish;
}

export interface AskedOf {
  scope: string;
  config: ScopeConfig;
  /** Whoever reaches the port may call: such callers name no variable of the operator. */
  keyless: boolean;
  privateTargets: PrivateTargets;
}

/** What a request asks of a worker, or what is wrong with it. */
export function askedPage(
  request: WorkerRequest,
  { scope, config, keyless, privateTargets }: AskedOf,
): AskedPage | HiveProblem {
  if (request.scopeName !== '' && request.scopeName !== scope)
    return problems.scopeNotFound(request.scopeName);
  const { strategy, timeoutMs } = config.wait;
  const page = readRequest(request, {
    timeoutSeconds: config.timeoutSeconds,
    waitStrategy: strategy,
    waitTimeoutMs: timeoutMs,
  });
  if (isProblem(page)) return page;
  const { userAgent = '', proxySession = '', jobId = '' } = request.render ?? {};
  if (!/^[\x20-\x7e]{0,500}$/.test(userAgent))
    return problems.badField('render.user_agent', 'at most 500 characters of ASCII');
  if (proxySession.length > 200)
    return problems.badField('render.proxy_session', 'longer than 200 characters');
  const proxy = proxyOf(request, scope, config.proxy ?? null, keyless);
  if (proxy && isProblem(proxy)) return proxy;
  const allowPrivate = isJobId(jobId) ? privateTargets.of(jobId) : [];
  const ownWay = request.render?.proxyJson || request.countryCode;
  // A context keeps what it began with, so it is for requests that want the same.
  const parts = [jobId, proxy?.spec ?? null, allowPrivate, userAgent, proxy?.session ?? null];
  const owner = jobId === '' && userAgent === '' && !ownWay ? '' : JSON.stringify(parts);
  return { page, wish: { contextId: request.contextId, owner, proxy, allowPrivate, userAgent } };
}

/** The job's proxy, else the scope's; in the country that the request names. */
function proxyOf(
  { render, countryCode }: WorkerRequest,
  scope: string,
  ofScope: Proxy | null,
  keyless: boolean,
): ProxyRoute | HiveProblem | null {
  let spec = ofScope;
  if (render?.proxyJson) {
    const asked = readProxy(render.proxyJson);
    if (asked === undefined) return problems.badField('render.proxy_json', 'not the proxy of a job spec');
    if (keyless && asked !== null && namesForeign(asked))
      return { ...problems.badField('render.proxy_json', KEYLESS), failure: 'proxy_not_configured' };
    spec = asked;
  }
  if (spec === null) return null;
  if (countryCode !== '' && !/^[A-Za-z]{2}$/.test(countryCode))
    return problems.badField('country_code', 'two letters');
  const country = countryCode || spec.country;
  return {
    spec: { ...spec, ...(country ? { country } : {}) },
    session: render?.proxySession || render?.jobId || scope,
  };
}

/** @returns undefined when it is none */
function readProxy(json: string): Proxy | null | undefined {
  try {
    return jobSpec.shape.proxy.parse(JSON.parse(json)) ?? null;
  } catch {
    return undefined;
  }
}

const KEYLESS =
  'without a key it may name variables that begin with SPOOR_PROXY_, no others, no secret and no provider';

/** Whoever may call could otherwise learn what there is, and use what was meant for others. */
const namesForeign = ({ url, pool, provider }: Proxy): boolean =>
  provider !== 'generic' ||
  [url, ...(pool ?? [])].some(
    (place) => typeof place === 'object' && !('env' in place && isSharedVariable(place.env)),
  );
