import { createHash } from 'node:crypto';
import type { ProxyChoice } from '#libs/engine/ports';
import type { ProxySpec } from '#libs/events';

export type SessionType = ProxySpec['session'];

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** What of a request decides about its session: nothing (each its own), the job's run, or that and the host. */
export function sessionKeyOf(session: SessionType, choice: ProxyChoice): string | null {
  if (session === 'rotate') return null;
  const key = session === 'sticky' ? choice.session : `${choice.session} ${choice.host}`;
  // A session that met a failing proxy is not asked for again.
  return `${key} ${choice.failures}`;
}

/** Ten letters and digits for a provider's session id: the same key gives the same id, in every process. */
export const sessionIdOf = (key: string): string => digest(key).toString('hex').slice(0, 10);

/** Which of `count` members: one after the other when rotating, else one per session, and the next after a failure. */
export function memberOf(session: SessionType, choice: ProxyChoice, count: number): number {
  if (session === 'rotate') return choice.request % count;
  const key = session === 'sticky' ? choice.session : `${choice.session} ${choice.host}`;
  return (digest(key).readUInt32BE(0) + choice.failures) % count;
}
