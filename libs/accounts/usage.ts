import type { AccountEvent, AccountEventData, AccountHandlers } from '#libs/events';

/** What a caller used in an hour, as far as the events at hand tell. */
export interface UsageDelta {
  /** Key id, or wallet. */
  caller: string;
  /** ISO 8601, begin of the hour in UTC. */
  hour: string;
  served: number;
  refused: number;
  /** Over the wire from targets. */
  bytes: number;
  watt: number;
  refusedByCode: Record<string, number>;
  lastUsedAt: string;
}

const HOUR_MS = 3_600_000;

type Deltas = Map<string, UsageDelta>;
type Used = AccountEventData<'ScrapeServed' | 'ScrapeRefused'>;

function deltaOf(deltas: Deltas, { keyId, wallet }: Used, storedAt: number): UsageDelta {
  const caller = keyId ?? wallet ?? 'unknown';
  const hour = new Date(Math.floor(storedAt / HOUR_MS) * HOUR_MS).toISOString();
  const id = `${caller} ${hour}`;
  let delta = deltas.get(id);
  if (!delta) {
    delta = { caller, hour, served: 0, refused: 0, bytes: 0, watt: 0, refusedByCode: {}, lastUsedAt: '' };
    deltas.set(id, delta);
  }
  delta.lastUsedAt = new Date(storedAt).toISOString();
  return delta;
}

const handlers: AccountHandlers<Deltas> = {
  KeyCreated: 'ignored',
  KeyRevoked: 'ignored',
  PaymentAccepted: 'ignored',
  PaymentReleased: 'ignored',
  PaymentSpent: 'ignored',
  ScrapeServed: (deltas, { data, storedAt }) => {
    const delta = deltaOf(deltas, data, storedAt);
    delta.served += 1;
    delta.bytes += data.bytes;
    delta.watt += data.charged;
  },
  ScrapeRefused: (deltas, { data, storedAt }) => {
    const delta = deltaOf(deltas, data, storedAt);
    delta.refused += 1;
    delta.refusedByCode[data.code] = (delta.refusedByCode[data.code] ?? 0) + 1;
  },
};

/** By the log's own time, so that a rebuild gives the same rows. */
export function usageOf(events: readonly AccountEvent[]): UsageDelta[] {
  const deltas: Deltas = new Map();
  for (const event of events) {
    const handle = handlers[event.type];
    if (handle !== 'ignored') (handle as (deltas: Deltas, event: AccountEvent) => void)(deltas, event);
  }
  return [...deltas.values()];
}
