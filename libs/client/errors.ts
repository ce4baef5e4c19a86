import type { LogEntry } from '#libs/events';

/** A handler kept throwing; its event is the first that a next subscription of the same name gets. The last error is the cause. */
export class HandlerFailedError extends Error {
  readonly code = 'handler_failed';
  constructor(
    readonly event: LogEntry,
    attempts: number,
    cause: unknown,
  ) {
    const what = `${event.type ?? 'an event'} at ${event.seq} of job ${event.jobId ?? 'unknown'}`;
    super(`the handler of ${what} failed ${attempts} times: ${messageOf(cause)}`, { cause });
    this.name = 'HandlerFailedError';
  }
}

/**
 * Thrown by a handler that knows when its event can be tried again: after that wait, whatever `retry` says about waits. The number of
 * attempts stays what `retry` says.
 */
export class RetryLaterError extends Error {
  readonly code = 'retry_later';
  /** @param afterMs at most 24 days, which is all that a timer can hold */
  constructor(
    message: string,
    readonly afterMs: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'RetryLaterError';
  }
}

/** An event that is subscribed to and cannot be read: written by newer code, or damaged. Nothing is skipped silently. */
export class UnreadableEventError extends Error {
  readonly code = 'unreadable_event';
  constructor(type: string | null, seq: number, reason: string) {
    super(`${type ?? 'an event'} at ${seq} cannot be read: ${reason}`);
    this.name = 'UnreadableEventError';
  }
}

/** Another subscription has taken this durable name over: the newest one has it. */
export class SupersededError extends Error {
  readonly code = 'superseded';
  constructor(durable: string) {
    super(`another subscription has taken over ${JSON.stringify(durable)}`);
    this.name = 'SupersededError';
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
