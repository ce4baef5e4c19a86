import { z } from 'zod';
import { defineEvent } from '../define.js';

export const TIERS = ['basic', 'premium'] as const;
export const SCOPES = ['scrape', 'jobs:read', 'jobs:write', 'admin'] as const;

/** An API key exists from now on. Of the key itself the log holds a keyed hash and nothing more. */
export const KeyCreated = defineEvent({
  type: 'KeyCreated',
  family: 'account',
  data: z.object({
    keyId: z.string(),
    /** HMAC-SHA-256 of the whole key under the secret of this installation, base64url. */
    hash: z.string(),
    tier: z.enum(TIERS),
    scopes: z.array(z.enum(SCOPES)),
    name: z.string().nullable(),
    /** ISO 8601; null: never. */
    expiresAt: z.string().nullable(),
    reason: z.string().optional(),
  }),
});
