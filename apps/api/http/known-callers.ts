import type { NextFunction, Request, Response } from 'express';
import { allows, type ApiKey } from '#libs/accounts';
import { isLoopback } from '#libs/config';
import { SpoorError } from '#libs/failures';
import type { ApiConfig } from '../deps.js';
import { hostName } from './guard-requests.js';

/** Says who answers and no more; scrapes and prices have rules of their own. */
const OPEN = /^\/(?:health\/live$|api\/v1\/)/;
/** Whatever stands between a caller and us adds one of them, and then loopback is nobody's address. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/** A server that listens on loopback, asked by a loopback name and without anything in between: the person at the machine. */
function isAtTheMachine(request: Request, config: ApiConfig): boolean {
  const name = hostName(request.headers.host);
  if (!isLoopback(config.host) || name === null || !isLoopback(name)) return false;
  return FORWARDED.every((header) => request.headers[header] === undefined);
}

function presentedBy(request: Request): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(request.get('authorization') ?? '')?.[1];
  return request.get('x-api-key') ?? bearer;
}

/**
 * Lets in the person at the machine, and from anywhere else who has a key of scope `admin`. A key that is sent is checked also on
 * loopback: nobody should find out later that it never was one.
 * @param findKey without it nobody has a key
 */
export function onlyKnownCallers(
  config: ApiConfig,
  findKey: (presented: string) => Promise<ApiKey | null> = async () => null,
) {
  return (request: Request, _response: Response, next: NextFunction): void => {
    if (OPEN.test(request.path)) return next();
    const presented = presentedBy(request);
    if (presented === undefined) return next(isAtTheMachine(request, config) ? undefined : unauthorized());
    findKey(presented).then((key) => {
      if (key === null) return next(unauthorized());
      return next(allows(key, 'admin') ? undefined : forbidden());
    }, next);
  };
}

const unauthorized = (): SpoorError =>
  new SpoorError('unauthorized', 'This needs an API key.', { field: 'X-API-Key' });

const forbidden = (): SpoorError =>
  new SpoorError('forbidden', 'This key may not do that.', { field: 'X-API-Key' });
