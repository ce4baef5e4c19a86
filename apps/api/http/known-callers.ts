import type { NextFunction, Request, Response } from 'express';
import type { ApiKey } from '#libs/accounts';
import { isLoopback } from '#libs/config';
import type { ApiConfig } from '../deps.js';
import { unauthorized } from './access.js';
import { AT_THE_MACHINE, callerWith, setCaller } from './caller.js';
import { OPEN_PAGES } from '../pages/paths.js';
import { hostName } from './guard-requests.js';

/** Says whether it works and no more; scrapes and prices have rules of their own. */
const OPEN = /^\/(?:health(?:\/live)?$|api\/v1\/)/;
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
 * Lets in the person at the machine, and from anywhere else who has a key; what a key may do is for `AccessGuard` to say. A key that is
 * sent is checked also on loopback: nobody should find out later that it never was one.
 * @param findKey without it nobody has a key
 * @param signedInWith the key of a browser that has signed in; where one is sent as well, that counts
 */
export function onlyKnownCallers(
  config: ApiConfig,
  findKey: (presented: string) => Promise<ApiKey | null> = async () => null,
  signedInWith: (request: Request) => string | undefined = () => undefined,
) {
  return (request: Request, _response: Response, next: NextFunction): void => {
    if (OPEN.test(request.path)) return next();
    const sent = presentedBy(request);
    const presented = sent ?? signedInWith(request);
    const isOpen = OPEN_PAGES.test(request.path);
    if (presented === undefined) {
      if (isOpen) return next();
      if (!isAtTheMachine(request, config)) return next(unauthorized());
      setCaller(request, AT_THE_MACHINE);
      return next();
    }
    findKey(presented).then((key) => {
      if (key === null) return next(isOpen && sent === undefined ? undefined : unauthorized());
      const isStillKnown = async () => (await findKey(presented)) !== null;
      setCaller(request, callerWith(key, isStillKnown));
      next();
    }, next);
  };
}
