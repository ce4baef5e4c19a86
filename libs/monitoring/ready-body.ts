import type { Readiness } from './readiness.js';

/** What `/health/ready` answers: no more of the parked events than their number, for the rest there is the CLI. */
export function readyBody({ report, details }: Readiness) {
  const { status, nats, postgres, shards, findings } = report;
  return {
    ...{ status, nats, postgres },
    shards: shards.map(({ shard, lastSeq, projected, lag, lagMs, parked }) => ({
      ...{ shard, lastSeq, projected, lag },
      lagSeconds: lagMs === null ? null : lagMs / 1000,
      parked: parked.reduce((sum, { events }) => sum + events, 0),
    })),
    findings,
    details,
  };
}
