import type { NextFunction, Request, Response } from 'express';
import type { ApiDeps } from '../deps.js';

/** Tells how long each answer took, under the pattern of its route: paths have no end. Streams count when they end. */
export function measureRequests(metrics: NonNullable<ApiDeps['metrics']>) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const began = performance.now();
    response.once('close', () => {
      const pattern: unknown = (request.route as { path?: unknown } | undefined)?.path;
      const route = typeof pattern === 'string' ? pattern : 'unknown';
      const method = METHODS.has(request.method) ? request.method : 'other';
      metrics.apiAnswered({ method, route, status: response.statusCode, ms: performance.now() - began });
    });
    next();
  };
}

/** A client may send any word as its method. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
