import type { Response } from 'express';
import type { LimitVerdict } from '#libs/engine/ports';

/** Whatever was sent, as fields. */
export const bodyOf = (body: unknown): Record<string, unknown> =>
  typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};

/** As in draft-ietf-httpapi-ratelimit-headers-07, whose three fields clients know. */
export function tellLimit(
  response: Response,
  { allowed, limit, remaining, resetSeconds }: LimitVerdict,
): void {
  response.setHeader('RateLimit-Limit', limit);
  response.setHeader('RateLimit-Remaining', remaining);
  response.setHeader('RateLimit-Reset', resetSeconds);
  if (!allowed) response.setHeader('Retry-After', resetSeconds);
}
