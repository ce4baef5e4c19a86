import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Seconds. 5 and 30 are what alerts ask for: network errors that take long, and hangs. */
const FETCH = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const QUICK = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/**
 * Every metric of the engine. Labels have few values: kinds, codes of the failure table, shards; never a URL, a host or a job, of
 * which there is no end.
 */
export function instruments(registry: Registry) {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly L[] = [],
  ): Histogram<L> => new Histogram({ name, help, buckets, labelNames, registers });

  return {
    events: counter('spoor_events_stored_total', 'Events that the log took from this process', ['type']),
    publish: histogram(
      'spoor_publish_ack_seconds',
      'From handing an event over to its acknowledgement',
      QUICK,
      ['family'],
    ),
    refused: counter('spoor_log_refused_total', 'Events that the log refused for want of room'),
    fetches: counter(
      'spoor_fetches_total',
      'Requests for pages by outcome (answered, failed) and code: class of the status, or code of the failure table',
      ['outcome', 'code'],
    ),
    fetch: histogram('spoor_fetch_duration_seconds', 'From the request to its end', FETCH, ['outcome']),
    ttfb: histogram('spoor_fetch_ttfb_seconds', 'From the request to the first byte of the answer', FETCH),
    received: counter('spoor_received_bytes_total', 'Bytes of bodies as they came'),
    retries: counter('spoor_retries_total', 'Tries that are to be repeated, by code of what failed', [
      'code',
    ]),
    parse: histogram('spoor_parse_seconds', 'Reading one page: links, items, title', QUICK),
    slotWait: histogram('spoor_slot_wait_seconds', 'How long a task that was taken waited for a slot', QUICK),
    proxyFailures: counter('spoor_proxy_failures_total', 'Failures of proxies by class', ['code']),
    workerInFlight: gauge('spoor_worker_tasks_in_flight', 'Tasks that this worker has and has not finished'),
    workerSlots: gauge('spoor_worker_slots', 'Pages that this worker fetches at once'),
    leaseChanges: counter('spoor_lease_changes_total', 'Leads of a shard taken and lost', [
      'shard',
      'change',
    ]),
    leading: gauge('spoor_coordinator_leading', '1 where this coordinator leads the shard', ['shard']),
    jobs: gauge('spoor_jobs_running', 'Jobs that this coordinator leads', ['shard']),
    pages: gauge('spoor_frontier_pages', 'Open pages by place: queued, in_flight, waiting for a retry', [
      'shard',
      'place',
    ]),
    hostsDelayed: gauge('spoor_hosts_delayed', 'Hosts with open pages that may not be requested yet', [
      'shard',
    ]),
    hostDelay: gauge('spoor_host_delay_max_seconds', 'Until the last of them may be requested', ['shard']),
    unreadable: gauge('spoor_jobs_unreadable', 'Jobs left alone because a decision cannot be read', [
      'shard',
    ]),
    coordinatorSeq: gauge('spoor_coordinator_sequence', 'Event up to which the coordinator has folded', [
      'shard',
    ]),
    commit: histogram('spoor_projection_commit_seconds', 'Writing one batch to the read models', QUICK),
    projected: counter('spoor_projection_events_total', 'Events that the read models took'),
    logSeq: gauge('spoor_log_last_sequence', 'Last event of the log', ['shard']),
    lag: gauge('spoor_projection_lag_events', 'Events that the read models do not tell yet', ['shard']),
    lagSeconds: gauge('spoor_projection_lag_seconds', 'For how long the oldest of them has been waiting', [
      'shard',
    ]),
    parked: gauge('spoor_parked_events', 'Events that wait behind one that could not be read or stored', [
      'shard',
    ]),
    used: gauge('spoor_log_used_ratio', 'Used part of what the log may hold, by limit; jobs pause at 0.95', [
      'shard',
      'limit',
    ]),
    findings: gauge('spoor_health_finding', '1 for each thing that health finds wrong, else 0', [
      'code',
      'severity',
    ]),
    api: histogram('spoor_api_request_duration_seconds', 'Requests to the API', QUICK.concat(30), [
      'method',
      'route',
      'status',
    ]),
  };
}

export type Instruments = ReturnType<typeof instruments>;
