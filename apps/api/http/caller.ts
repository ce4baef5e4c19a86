import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { allows, type ApiKey, type Scope } from '#libs/accounts';
import type { JobState } from '#libs/job';

/** Who asks. */
export interface Caller {
  /** Null: the person at the machine. */
  keyId: string | null;
  /** Sees every job; others see those of their key. */
  isAdmin: boolean;
  may(scope: Scope): boolean;
  /** False when the key was revoked, or has expired, since it was presented. */
  isStillKnown(): Promise<boolean>;
}

export const AT_THE_MACHINE: Caller = {
  keyId: null,
  isAdmin: true,
  may: () => true,
  isStillKnown: async () => true,
};

export const callerWith = (key: ApiKey, isStillKnown: Caller['isStillKnown']): Caller => ({
  keyId: key.keyId,
  isAdmin: allows(key, 'admin'),
  may: (scope) => allows(key, scope),
  isStillKnown,
});

const callers = new WeakMap<Request, Caller>();

export const setCaller = (request: Request, caller: Caller): void => void callers.set(request, caller);

/** Undefined: the route is one that asks nobody. */
export const callerOf = (request: Request): Caller | undefined => callers.get(request);

/** The caller, as a parameter of a handler. Only of routes behind a scope. */
export const Asking = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const caller = callerOf(context.switchToHttp().getRequest<Request>());
  if (!caller) throw new TypeError('a route that is open to all asks who calls');
  return caller;
});

/** What makes a new job theirs. */
export const ownerFor = ({ keyId }: Caller): { owner?: string } => (keyId === null ? {} : { owner: keyId });

/** What a list of jobs is narrowed to. */
export const ownedBy = (caller: Caller): { owner?: string } => (caller.isAdmin ? {} : ownerFor(caller));

export const isSeenBy = ({ keyId, isAdmin }: Caller, { owner }: Pick<JobState, 'owner'>): boolean =>
  isAdmin || (owner !== null && owner === keyId);
