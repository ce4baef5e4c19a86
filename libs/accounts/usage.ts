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

const callerOf = ({ keyId, wallet }: Used): string => keyId ?? wallet ?? 'unknown';

function deltaOf(deltas: Deltas, caller: string, storedAt: number): UsageDelta {
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

function addRefused(delta: UsageDelta, code: string): void {
  delta.refused += 1;
  delta.refusedByCode[code] = (delta.refusedByCode[code] ?? 0) + 1;
}

const handlers: AccountHandlers<Deltas> = {
  KeyCreated: 'ignored',
  KeyRevoked: 'ignored',
  PaymentAccepted: 'ignored',
  PaymentReleased: 'ignored',
  PaymentSpent: 'ignored',
  ScrapeServed: (deltas, { data, storedAt }) => {
    const delta = deltaOf(deltas, callerOf(data), storedAt);
    delta.served += 1;
    delta.bytes += data.bytes;
    delta.watt += data.charged;
  },
  ScrapeRefused: (deltas, { data, storedAt }) => {
    const delta = deltaOf(deltas, callerOf(data), storedAt);
    addRefused(delta, data.code);
  },
  BatchScraped: (deltas, { data: { keyId, results }, storedAt }) => {
    const delta = deltaOf(deltas, keyId, storedAt);
    for (const { code, bytes } of results) {
      if (code !== null) addRefused(delta, code);
      else {
        delta.served += 1;
        delta.bytes += bytes;
      }
    }
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

/** What each caller used in all of these hours: one row for each, in the order in which they come first. */
export function sumByCaller(hours: readonly UsageDelta[]): Omit<UsageDelta, 'hour'>[] {
  const sums = new Map<string, Omit<UsageDelta, 'hour'>>();
  for (const { hour: _hour, ...row } of hours) {
    const sum = sums.get(row.caller);
    if (!sum) {
      sums.set(row.caller, { ...row, refusedByCode: { ...row.refusedByCode } });
      continue;
    }
    for (const name of ['served', 'refused', 'bytes', 'watt'] as const) sum[name] += row[name];
    for (const [code, n] of Object.entries(row.refusedByCode))
      sum.refusedByCode[code] = (sum.refusedByCode[code] ?? 0) + n;
    if (row.lastUsedAt > sum.lastUsedAt) sum.lastUsedAt = row.lastUsedAt;
  }
  return [...sums.values()];
}
