import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { ScrapeError, SpoorError } from '#libs/failures';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { RequestRefused } from '../http/request-refused.js';

const PROBLEM = 'application/problem+json';

/** What the form of a request was refused for, in the words of this endpoint. */
function refusedForm(error: RequestRefused): ScrapeError {
  return new ScrapeError('missing_url', error.message);
}

/** Every error of `/api/v1`: `{success: false, error, message, …}`, or problem details (RFC 9457) for who asks for them. */
@Catch()
export class ScrapeErrorFilter implements ExceptionFilter {
  constructor(@Inject(API_DEPS) private readonly deps: Pick<ApiDeps, 'log'>) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const error = this.known(thrown);
    const requestId = String(response.getHeader('x-request-id') ?? '');
    if (error.code === 'internal_error' && !response.destroyed)
      this.deps.log?.error({ err: thrown, requestId, path: request.path }, 'scrape failed');
    if (response.headersSent || response.destroyed) return void response.destroy();
    const status = thrown instanceof RequestRefused ? thrown.status : error.failure.http;
    if (error.details.retry_after_seconds !== undefined)
      response.setHeader('Retry-After', error.details.retry_after_seconds);
    response.status(status);
    if (request.accepts(['application/json', PROBLEM]) === PROBLEM)
      return void response.type(PROBLEM).send(JSON.stringify(problemOf(error, status)));
    response.json({ success: false, error: error.code, message: error.message, ...error.details });
  }

  private known(thrown: unknown): ScrapeError {
    if (thrown instanceof ScrapeError) return thrown;
    if (thrown instanceof RequestRefused) return refusedForm(thrown);
    if (thrown instanceof SpoorError && thrown.code === 'not_found')
      return new ScrapeError('invalid_url', thrown.message);
    return new ScrapeError('internal_error');
  }
}

const problemOf = (error: ScrapeError, status: number) => ({
  type: `urn:spoor:scrape:${error.code}`,
  title: error.failure.message,
  status,
  detail: error.message,
  code: error.code,
  retryable: error.failure.retryable,
  ...error.details,
});
