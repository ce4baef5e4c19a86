import { createHash, timingSafeEqual } from 'node:crypto';
import { ServerInterceptingCall, status, type ServerInterceptor } from '@grpc/grpc-js';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Refuses calls without `authorization: Bearer <key>`; health checks need none. */
export function requireKey(key: string): ServerInterceptor {
  const expected = digest(`Bearer ${key}`);
  return (method, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            const given = String(metadata.get('authorization')[0] ?? '');
            if (method.path.startsWith('/grpc.health.') || timingSafeEqual(digest(given), expected))
              return pass(metadata);
            call.sendStatus({
              code: status.UNAUTHENTICATED,
              details: 'Send the key as metadata: authorization: Bearer <key>',
            });
          },
        }),
    });
}
