import type { CoordinatorReading } from '#libs/engine/ports';
import type { ShardJobs } from './shard-jobs.js';

/** What a coordinator has in hand, summed over its jobs. @param jobs null: it does not lead */
export function readingOf(shard: number, jobs: ShardJobs | null, now: number): CoordinatorReading {
  const reading: CoordinatorReading = {
    shard,
    leading: jobs !== null,
    jobs: jobs?.runners.size ?? 0,
    pages: { queued: 0, inFlight: 0, waiting: 0 },
    hostsDelayed: 0,
    longestDelayMs: 0,
    unreadable: jobs?.unreadable.size ?? 0,
    position: jobs?.position ?? null,
  };
  for (const { pace } of jobs?.runners.values() ?? []) {
    const { hosts, longestMs } = pace.delays(now);
    reading.pages.queued += pace.queued;
    reading.pages.inFlight += pace.flights.size;
    reading.pages.waiting += pace.waitingCount;
    reading.hostsDelayed += hosts;
    reading.longestDelayMs = Math.max(reading.longestDelayMs, longestMs);
  }
  return reading;
}
