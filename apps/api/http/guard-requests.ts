import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';
import { isLoopback } from '#libs/config';
import type { ApiConfig } from '../deps.js';
import { isPagePath, PAGE_CSP } from '../pages/paths.js';
import { RequestRefused } from './request-refused.js';

const DOCS_CSP =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";
const DATA_CSP = "default-src 'none'; frame-ancestors 'none'";

const isDocsPage = (path: string): boolean => path === '/api/docs' || path.startsWith('/api/docs/');

function policyOf(path: string): string {
  if (isPagePath(path)) return PAGE_CSP;
  return isDocsPage(path) ? DOCS_CSP : DATA_CSP;
}

/** Headers of every answer; a request id ties an answer to the log. */
export function secureHeaders(request: Request, response: Response, next: NextFunction): void {
  response.setHeader('x-request-id', randomUUID());
  response.setHeader('x-content-type-options', 'nosniff');
  // Without any referrer a browser does not say either where a form comes from.
  response.setHeader('referrer-policy', isPagePath(request.path) ? 'same-origin' : 'no-referrer');
  response.setHeader('cross-origin-resource-policy', 'same-origin');
  response.setHeader('content-security-policy', policyOf(request.path));
  if (!isDocsPage(request.path)) response.setHeader('cache-control', 'no-store');
  next();
}

/** Name in a Host header, without port and brackets, lower case; null when it is none. */
export function hostName(header: string | undefined): string | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header ?? '');
  return (match?.[1] ?? match?.[2])?.toLowerCase() ?? null;
}

/**
 * A page in a browser can make a name of its own resolve to this machine and then read the answers (DNS rebinding). So a
 * server that listens on loopback only answers to loopback names and those it was told.
 */
export function onlyOwnHosts(config: ApiConfig) {
  const allowed = new Set((config.allowedHosts ?? []).map((name) => name.toLowerCase()));
  const isBoundToLoopback = isLoopback(config.host);
  return (request: Request, _response: Response, next: NextFunction): void => {
    const name = hostName(request.headers.host);
    const isOwn = name !== null && (allowed.has(name) || isLoopback(name) || name === config.host);
    if (isOwn || (!isBoundToLoopback && allowed.size === 0)) return next();
    const hint = 'Use localhost or 127.0.0.1, or allow the name in the configuration of the api.';
    next(new RequestRefused(403, 'Host', 'This server does not answer to that host name.', hint));
  };
}

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * A form of a foreign page cannot send JSON without asking first, and the api never agrees: no request forgery. Our own pages send forms,
 * which are checked on their own.
 */
export function onlyJsonChanges(request: Request, _response: Response, next: NextFunction): void {
  const type = String(request.headers['content-type'] ?? '')
    .split(';')[0]!
    .trim();
  const isFree = READS.has(request.method) || isPagePath(request.path);
  if (isFree || type.toLowerCase() === 'application/json') return next();
  const hint = 'Send the header content-type: application/json, with {} where there is nothing to say.';
  next(new RequestRefused(415, 'Content-Type', 'The body must be application/json.', hint));
}
