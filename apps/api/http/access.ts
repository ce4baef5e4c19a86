import { Inject, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import type { Scope } from '#libs/accounts';
import { SpoorError } from '#libs/failures';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { callerOf, isSeenBy } from './caller.js';
import { soon } from './log-patience.js';
import { jobNotFound } from './parse.js';
import { refuseForeignSecrets } from './secret-refs.js';

/** Where a request names a job. */
export type JobPlace = 'path' | 'query' | 'body';

export interface Access {
  /** Scope that a caller needs; `own`: the route has rules of its own. */
  scope: Scope | 'own';
  job?: JobPlace | undefined;
}

const ACCESS = 'spoor:access';
/** What nobody has thought about is the operator's. */
const DEFAULT: Access = { scope: 'admin' };

export const Needs = (access: Access) => SetMetadata(ACCESS, access);

/**
 * The one place that says who may use a route, and whose jobs it may touch. A job of somebody else is not found, in the words in
 * which one is that does not exist: nobody learns which ids there are.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(API_DEPS) private readonly deps: Pick<ApiDeps, 'jobs'>,
  ) {}

  /** @throws SpoorError unauthorized, forbidden, job_not_found */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { scope, job } = this.reflector.get<Access | undefined>(ACCESS, context.getHandler()) ?? DEFAULT;
    if (scope === 'own') return true;
    const request = context.switchToHttp().getRequest<Request>();
    const caller = callerOf(request);
    if (!caller) throw unauthorized();
    if (!caller.may(scope)) throw forbidden(scope);
    if (!caller.isAdmin) refuseForeignSecrets(request.body);
    const id = job && !caller.isAdmin ? namedJob(request, job) : undefined;
    if (id === undefined) return true;
    const asked = this.deps.jobs.state(id);
    const state = await (request.method === 'GET' ? soon(asked) : asked);
    if (!state || !isSeenBy(caller, state)) throw jobNotFound(id);
    return true;
  }
}

/** Undefined when the request names none, or not as text: then the route itself refuses it, or does without. */
function namedJob(request: Request, place: JobPlace): string | undefined {
  const found: unknown = {
    path: request.params['id'],
    query: request.query['jobId'],
    body: jobIn(request.body),
  }[place];
  return typeof found === 'string' ? found : undefined;
}

const jobIn = (body: unknown): unknown =>
  typeof body === 'object' && body !== null ? Reflect.get(body, 'jobId') : undefined;

export const unauthorized = (): SpoorError =>
  new SpoorError('unauthorized', 'This needs an API key.', { field: 'X-API-Key' });

const forbidden = (scope: Scope): SpoorError =>
  new SpoorError('forbidden', `This key may not do that: it has no scope ${scope}.`, { field: 'X-API-Key' });
