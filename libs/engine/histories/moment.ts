import { z } from 'zod';
import { SpoorError } from '#libs/failures';
import type { EventLog } from '#libs/engine/ports';

/** A place in the log of a shard: a sequence, or a time of the server's clock (ms since the epoch). */
export type Moment = { seq: number } | { time: number };

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const iso = z.union([z.iso.datetime({ offset: true, local: true }), z.iso.date()]);

/**
 * What a person writes: `1234`, `2026-01-31T12:00:00Z` (UTC without an offset), or `10m` for ten minutes ago (s, m, h, d).
 * @param field names the input in the error
 * @throws SpoorError invalid_request
 */
export function parseMoment(text: string, field: string, now: number): Moment {
  if (/^\d{1,15}$/.test(text)) return { seq: Number(text) };
  const ago = /^(\d{1,9})([smhd])$/.exec(text);
  if (ago) return { time: now - Number(ago[1]) * UNITS[ago[2]!]! };
  if (iso.safeParse(text).success) {
    const time = Date.parse(/T.*(Z|[+-]\d\d:?\d\d)$|^[\d-]+$/.test(text) ? text : `${text}Z`);
    if (!Number.isNaN(time)) return { time };
  }
  throw new SpoorError('invalid_request', `${field}: must be a sequence or a time, not ${shown(text)}`, {
    field,
    hint: 'For example 1234, 2026-01-31T12:00:00Z, or 10m for ten minutes ago.',
  });
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 60));

type Seqs = Pick<EventLog, 'seqAt'>;

/** The first sequence of a shard that lies at a moment or later. */
export const firstSeqAt = async (log: Seqs, shard: number, moment: Moment): Promise<number> =>
  'seq' in moment ? moment.seq : log.seqAt(shard, moment.time);

/** The last sequence of a shard that lies at a moment or before. */
export const lastSeqAt = async (log: Seqs, shard: number, moment: Moment): Promise<number> =>
  'seq' in moment ? moment.seq : (await log.seqAt(shard, moment.time + 1)) - 1;
