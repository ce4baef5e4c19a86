import { SpoorError } from '#libs/failures';

/** What the server answered instead of a result. */
export class ApiError extends Error {
  constructor(
    readonly code: number,
    readonly errCode: number,
    readonly description: string,
  ) {
    super(description);
  }

  /** Another writer was first; 10164 is how newer servers say it without the sequence. */
  get isWrongSequence(): boolean {
    return this.errCode === 10071 || this.errCode === 10164;
  }

  get isWrongMessageId(): boolean {
    return this.errCode === 10070;
  }

  get isStreamMissing(): boolean {
    return this.errCode === 10059;
  }

  get isConsumerMissing(): boolean {
    return this.errCode === 10014;
  }

  /** Stream limit, account limit or disk: nothing was stored, and it will not be until there is room. */
  get isFull(): boolean {
    return [10077, 10047, 10028, 10002, 10023].includes(this.errCode);
  }
}

export const unavailable = (message: string, cause?: unknown): SpoorError =>
  new SpoorError('store_unavailable', message, {}, { cause });

/** The server's answer as an error for people; the original stays its cause. */
export function toSpoorError(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  if (error.isFull)
    return new SpoorError('log_full', 'NATS has no room for another message', {}, { cause: error });
  if (error.isStreamMissing) return unavailable('a stream of the event log is gone', error);
  return new SpoorError(
    'internal',
    `NATS refused a request of ours (error ${error.errCode || error.code})`,
    {},
    { cause: error },
  );
}
