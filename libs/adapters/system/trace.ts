import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';

/** W3C Trace Context, version 00; all zeros name nothing. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

const SPAN_DIGITS = 16;

const storage = new AsyncLocalStorage<string>();

/** A trace that begins here, not sampled by anybody. */
export const newTraceparent = (): string => `00-${randomHex()}-${randomHex().slice(0, SPAN_DIGITS)}-00`;

/** 32 digits of which 122 bits are drawn: UUIDs come from a supply, which bytes alone do not. */
const randomHex = (): string => randomUUID().replaceAll('-', '');

/** The caller's trace where it names one, else one of its own. @param header as a client sent it */
export function traced<T>(header: unknown, work: () => T): T {
  const found = typeof header === 'string' && TRACEPARENT.test(header) ? header : newTraceparent();
  return storage.run(found, work);
}

/** The trace of whatever is done now; outside of any, one that begins here. */
export const currentTraceparent = (): string => storage.getStore() ?? newTraceparent();

/** For log lines: the trace of whatever is done now, if it is part of any. */
export function traceContext(): { traceparent?: string } {
  const traceparent = storage.getStore();
  return traceparent === undefined ? {} : { traceparent };
}
