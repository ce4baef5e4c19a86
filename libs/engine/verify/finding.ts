/** Public: in the output of `spoor log verify`. Errors mean that something is lost, damaged or not told to its readers. */
export const findingKinds = {
  unreadable_event: 'error',
  events_missing: 'error',
  event_damaged: 'error',
  history_broken: 'error',
  decision_missing: 'error',
  run_out_of_order: 'error',
  facts_without_job: 'error',
  outcomes_missing: 'error',
  duplicate_event: 'warning',
  body_missing: 'error',
  body_damaged: 'error',
  log_replaced: 'error',
  log_shortened: 'error',
  checkpoint_elsewhere: 'error',
  queue_ahead: 'error',
  events_parked: 'warning',
  read_models_unknown: 'warning',
} as const satisfies Record<string, 'error' | 'warning'>;

export type LogFindingCode = keyof typeof findingKinds;

export interface LogFinding {
  code: LogFindingCode;
  severity: 'error' | 'warning';
  shard: number;
  seq?: number;
  jobId?: string;
  message: string;
  /** What to do about it. */
  fix: string;
}

export const isError = ({ severity }: LogFinding): boolean => severity === 'error';

export const RESTORE =
  'Restore the newest backup without this finding (`spoor log restore <folder> --replace`). Without one, what is left can be used: `spoor projection rebuild`, then run the jobs concerned again (`spoor job restart`).';

export function finding(
  code: LogFindingCode,
  about: Pick<LogFinding, 'shard' | 'seq' | 'jobId'>,
  message: string,
  fix: string,
): LogFinding {
  return { code, severity: findingKinds[code], ...about, message, fix };
}
