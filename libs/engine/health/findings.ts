/**
 * `failing`: the engine, or this part of it, does not do its work; readiness is red. `warning`: it works, and a person should look.
 */
export type Severity = 'failing' | 'warning';

/** What a finding is about. */
export const parts = ['nats', 'postgres', 'projection', 'jobs', 'workers', 'log', 'disk'] as const;
export type Part = (typeof parts)[number];

interface Kind {
  part: Part;
  severity: Severity;
  /** What to do about it, in words. */
  hint: string;
  /** The command that mends it, or that begins to; null where only the hint helps. */
  command: string | null;
}

const failing = (part: Part, hint: string, command: string | null = null): Kind => ({
  ...{ part, severity: 'failing', hint, command },
});
const warning = (part: Part, hint: string, command: string | null = null): Kind => ({
  ...failing(part, hint, command),
  severity: 'warning',
});

/** The one table of what health can find. Codes are public: in readiness, metrics, alerts, `spoor doctor` and docs. */
export const findingKinds = {
  nats_unavailable: failing(
    'nats',
    'Start NATS, or check NATS_URL. Nothing is lost; all parts go on by themselves.',
  ),
  postgres_unavailable: failing(
    'postgres',
    'Start Postgres, or check DATABASE_URL. Nothing is lost; the read models catch up by themselves.',
  ),
  projector_stalled: failing(
    'projection',
    'Start the projector; where it runs, its log says what it waits for. End one that hangs.',
    'spoor run projector',
  ),
  read_models_of_other_log: failing(
    'projection',
    'Pages, items and evidence that are shown are those of another log. A projector that runs makes them anew by itself; where none does, do it now.',
    'spoor projection rebuild',
  ),
  job_without_coordinator: failing(
    'jobs',
    'Start a coordinator: it takes the jobs up where they are. End one that hangs.',
    'spoor run coordinator',
  ),
  coordinator_stalled: failing(
    'jobs',
    'This coordinator leads and does not read the log on. End it: it is started anew.',
  ),
  no_worker: failing('workers', 'Start a worker.', 'spoor run worker'),
  no_browser: failing(
    'workers',
    'The browser service cannot start a browser. Install Chromium, or name one in SPOOR_CHROMIUM; it goes on by itself.',
  ),
  log_full: failing(
    'log',
    'Jobs pause while the log has no room. Raise the limit that is named, or make room, then resume them.',
  ),
  log_nearly_full: warning(
    'log',
    'At 95 % all jobs pause. Raise the limit that is named, or make room, before that.',
  ),
  copies_missing: warning(
    'log',
    'Give the stream its copies (`nats stream edit <stream> --replicas n`), or lower SPOOR_REPLICAS to what there is.',
  ),
  disk_not_awaited: warning(
    'log',
    'Set sync_interval: always in the jetstream block of nats-server. The embedded one takes it when it starts: end everything that uses this SPOOR_HOME first.',
  ),
  disk_wait_unknown: warning(
    'log',
    'Set sync_interval: always in the jetstream block of nats-server, then say so by SPOOR_NATS_SYNC=always.',
  ),
  disk_full: failing('disk', 'Make room on the disk of SPOOR_HOME, then resume the jobs that were paused.'),
  disk_nearly_full: warning('disk', 'Make room on the disk of SPOOR_HOME before jobs have to pause.'),
  events_parked: warning(
    'projection',
    'Rows of these jobs wait behind an event that could not be read or stored. With a version that can, make them anew.',
    'spoor projection rebuild',
  ),
  decision_unreadable: warning(
    'jobs',
    'Nothing can be decided on such a job, so it takes no command. Use the version of Spoor that wrote the decision.',
  ),
} as const satisfies Record<string, Kind>;

export type FindingCode = keyof typeof findingKinds;
export const findingCodes = Object.keys(findingKinds) as FindingCode[];

/** Something that is wrong. */
export interface Finding {
  code: FindingCode;
  severity: Severity;
  /** What is wrong, in plain words. */
  message: string;
  hint: string;
  command: string | null;
  shard?: number;
  /** Jobs it is about; the first of them where there are many. */
  jobs?: string[];
}

const SHOWN_JOBS = 10;

export function finding(
  code: FindingCode,
  message: string,
  about: { shard?: number; jobs?: string[]; command?: string } = {},
): Finding {
  const { severity, hint, command } = findingKinds[code];
  const { jobs, ...rest } = about;
  return {
    ...{ code, severity, message, hint, command },
    ...rest,
    ...(jobs ? { jobs: jobs.slice(0, SHOWN_JOBS) } : {}),
  };
}
