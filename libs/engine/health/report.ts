import type { Allowance, ParkedJob } from '#libs/engine/ports';
import type { Finding } from './findings.js';

/** What is known of one shard; null where it could not be told, or is not this part's business. */
export interface ShardReport {
  shard: number;
  lastSeq: number | null;
  /** Sequence up to which the read models tell the log. */
  projected: number | null;
  /** Events that they do not tell yet. */
  lag: number | null;
  /** For how long the oldest of those has been waiting. */
  lagMs: number | null;
  parked: ParkedJob[];
  /** Limits of the log with what is used of each. */
  allowances: Allowance[];
}

export interface HealthReport {
  /** `unavailable`: something is failing; `degraded`: only warnings. */
  status: 'ok' | 'degraded' | 'unavailable';
  nats: 'ok' | 'unavailable';
  postgres: 'ok' | 'unavailable' | 'unused';
  shards: ShardReport[];
  findings: Finding[];
}

export function reportOf(
  stores: Pick<HealthReport, 'nats' | 'postgres'>,
  shards: ShardReport[],
  findings: Finding[],
): HealthReport {
  const failing = findings.some(({ severity }) => severity === 'failing');
  const status = failing ? 'unavailable' : findings.length > 0 ? 'degraded' : 'ok';
  return { status, ...stores, shards, findings };
}
