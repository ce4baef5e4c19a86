import type { ServerUnaryCall } from '@grpc/grpc-js';

/** Fires when the caller does not wait any more: it cancelled, its deadline passed, or it is gone. */
export function signalOf(call: Pick<ServerUnaryCall<unknown, unknown>, 'on' | 'cancelled'>): AbortSignal {
  const gone = new AbortController();
  call.on('cancelled', () => gone.abort());
  if (call.cancelled) gone.abort();
  return gone.signal;
}
