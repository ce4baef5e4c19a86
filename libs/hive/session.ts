import type { SessionRules } from './scope.js';

/** A context as the rules see it. Times are ms of one clock that never goes back. */
export interface ContextAge {
  createdAt: number;
  lastUsedAt: number;
  requests: number;
  cacheBytes: number;
  /** A client has come back to it by its id. */
  addressed: boolean;
}

export type RecycleReason = 'idle' | 'expired' | 'age' | 'requests' | 'size';

/**
 * Why a context that nobody uses at the moment has to go, or null. One that a client came back to is kept for the time to live of
 * sessions; one that was only ever drawn from the pool goes when it is idle.
 */
export function recycleReason(context: ContextAge, rules: SessionRules, now: number): RecycleReason | null {
  const unused = now - context.lastUsedAt;
  if (context.addressed ? unused > rules.ttlMs : unused > rules.idleMs)
    return context.addressed ? 'expired' : 'idle';
  if (now - context.createdAt > rules.maxAgeMs) return 'age';
  if (context.requests >= rules.maxRequests) return 'requests';
  if (context.cacheBytes >= rules.maxCacheBytes) return 'size';
  return null;
}

/** Room for a host, something random, and a scope. */
export const WORKER_ID = /^[A-Za-z0-9_.-]{1,200}$/;

export const isWorkerId = (text: string): boolean => WORKER_ID.test(text);

/** `worker:context`, by which a client finds its way back through any coordinator. */
export const sessionIdOf = (workerId: string, contextId: string): string =>
  contextId === '' ? '' : `${workerId}:${contextId}`;

/** Null when it is not of that form; ids of contexts alone have no colon. */
export function splitSessionId(sessionId: string): { workerId: string; contextId: string } | null {
  const at = sessionId.indexOf(':');
  const workerId = sessionId.slice(0, at);
  const contextId = sessionId.slice(at + 1);
  return at > 0 && isWorkerId(workerId) && contextId !== '' ? { workerId, contextId } : null;
}
