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
    if (isOfRequest(thrown)) return this.send(request, response, thrown.failure.http, bodyOfRequest(thrown));
    const error = this.known(thrown);
    const requestId = String(response.getHeader('x-request-id') ?? '');
    if (error.code === 'internal_error' && !response.destroyed)
      this.deps.log?.error({ err: thrown, requestId, path: request.path }, 'scrape failed');
    if (response.headersSent || response.destroyed) return void response.destroy();
    const status = thrown instanceof RequestRefused ? thrown.status : error.failure.http;
    if (error.details.retry_after_seconds !== undefined)
      response.setHeader('Retry-After', error.details.retry_after_seconds);
    const { code, message, details, failure } = error;
    const { retryable } = failure;
    this.send(request, response, status, { code, title: failure.message, message, retryable, details });
  }

  private send(request: Request, response: Response, status: number, told: Told): void {
    if (response.headersSent || response.destroyed) return void response.destroy();
    const { code, message, details } = told;
    response.status(status);
    if (request.accepts(['application/json', PROBLEM]) === PROBLEM)
      return void response.type(PROBLEM).send(JSON.stringify(problemOf(told, status)));
    response.json({ success: false, error: code, message, ...details });
  }

  private known(thrown: unknown): ScrapeError {
    if (thrown instanceof ScrapeError) return thrown;
    if (thrown instanceof RequestRefused) return refusedForm(thrown);
    return new ScrapeError('internal_error');
  }
}

/** Of routes beside the scrape itself, whose own codes say nothing of pages: what is wrong with a query, or not there. */
const isOfRequest = (thrown: unknown): thrown is SpoorError =>
  thrown instanceof SpoorError && !(thrown instanceof RequestRefused) && OF_REQUEST.has(thrown.code);

const OF_REQUEST: ReadonlySet<string> = new Set([
  'invalid_request',
  'not_found',
  'job_not_found',
  'conflict',
]);

const bodyOfRequest = ({ code, message, details: { field } }: SpoorError): Told => ({
  ...{ code, title: message, message, retryable: false },
  details: field === undefined ? {} : { field },
});

interface Told {
  code: string;
  title: string;
  message: string;
  retryable: boolean | 'depends';
  details: object;
}

const problemOf = ({ code, title, message, retryable, details }: Told, status: number) => ({
  type: `urn:spoor:scrape:${code}`,
  ...{ title, status, detail: message, code, retryable },
  ...details,
});
