import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { failures, SpoorError, type FailureCode } from '#libs/failures';
import { ConflictError } from '#libs/engine/ports';
import type { ApiLog } from '../deps.js';
import { RequestRefused } from './request-refused.js';

export interface ErrorBody {
  error: {
    code: FailureCode;
    message: string;
    hint: string;
    field?: string;
    issues?: { field: string; message: string }[];
    requestId?: string;
  };
}

/** What the body parser calls its errors, with what we say about them. */
const BODY_PROBLEMS: Readonly<Record<string, readonly [status: number, message: string, hint: string]>> = {
  'entity.too.large': [413, 'The body is too large.', 'Use a page template, or several jobs.'],
  'request.size.invalid': [400, 'The body is not as long as Content-Length says.', 'Send it again.'],
  'request.aborted': [400, 'The request ended early.', 'Send it again.'],
  'encoding.unsupported': [415, 'The Content-Encoding is not supported.', 'Send it plain or gzip.'],
};

const text = (value: unknown, key: string): string | undefined => {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return typeof found === 'string' ? found : undefined;
};

/** HTTP status that an error of Nest, Express or the body parser carries; 0 for any other. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  const status: unknown =
    typeof error === 'object' && error !== null ? Reflect.get(error, 'status') : undefined;
  return typeof status === 'number' ? status : 0;
}

const refusedBefore = (status: number, path: string): SpoorError => {
  if (status === 404)
    return new SpoorError('not_found', `There is nothing at ${path}.`, { hint: 'See /api/docs.' });
  return new RequestRefused(status, 'request', 'The request cannot be understood.', 'See /api/docs.');
};

/** The error as people may see it; null when it is none of theirs. */
function publicError(error: unknown, request: Request): SpoorError | null {
  if (error instanceof SpoorError) return error;
  if (error instanceof ConflictError) return new SpoorError('conflict', `${error.message}.`);
  const status = statusOf(error);
  // Nest turns some errors of the body parser into its own and keeps no more than the status.
  const problem = BODY_PROBLEMS[status === 413 ? 'entity.too.large' : (text(error, 'type') ?? '')];
  if (problem) return new RequestRefused(problem[0], 'body', problem[1], problem[2]);
  return status >= 400 && status < 500 ? refusedBefore(status, request.path) : null;
}

/** Every error leaves through here: those of the failure table as they are, anything else as `internal` and nothing more. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  /** @param others of paths whose errors have another form, also those that are met before a route is */
  constructor(
    private readonly log: ApiLog,
    private readonly others: readonly (readonly [
      has: (path: string) => boolean,
      filter: ExceptionFilter,
    ])[] = [],
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const other = this.others.find(([has]) => has(request.path));
    const known = publicError(error, request);
    if (other) return void other[1].catch(known ?? error, host);
    const response = host.switchToHttp().getResponse<Response>();
    const requestId = String(response.getHeader('x-request-id') ?? '');
    const status = known instanceof RequestRefused ? known.status : failures[known?.code ?? 'internal'].http;
    if (status >= 500) {
      this.log.error({ err: error, requestId, method: request.method, path: request.path }, 'request failed');
    }
    if (response.headersSent || response.destroyed) return void response.destroy();
    for (const name of ['content-disposition', 'content-type']) response.removeHeader(name);
    this.answer(request, response, known, status, requestId);
  }

  protected answer(
    _request: Request,
    response: Response,
    error: SpoorError | null,
    status: number,
    requestId: string,
  ): void {
    response.status(status).json(this.body(error, requestId));
  }

  /** @param error null: a defect, of which nothing is told */
  protected body(error: SpoorError | null, requestId: string): object {
    return bodyOf(error, requestId);
  }
}

function bodyOf(error: SpoorError | null, requestId: string): ErrorBody {
  if (!error) {
    const message = 'Something went wrong here.';
    return { error: { code: 'internal', message, hint: failures.internal.hint, requestId } };
  }
  const { field, issues } = error.details;
  return {
    error: {
      code: error.code,
      message: error.message,
      hint: error.hint,
      ...(field === undefined ? {} : { field, issues: issues ?? [{ field, message: error.message }] }),
      ...(error.failure.http >= 500 ? { requestId } : {}),
    },
  };
}
