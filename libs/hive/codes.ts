import type { FailureCode } from '#libs/failures';

/**
 * What a client may do about an error. `changed`: again, but not as it was; `later`: as it was, after a while; `at_once`: as it was,
 * another instance will take it.
 */
export type ClientRetry = 'never' | 'changed' | 'later' | 'at_once';

interface CodeOf {
  value: number;
  /** Name in both .proto files. */
  name: `ERROR_CODE_${string}`;
  retry: ClientRetry;
}

/** Every error that an answer may carry; the numbers and names are those of the wire. */
export const hiveCodes = {
  none: { value: 0, name: 'ERROR_CODE_NONE', retry: 'never' },
  timeout_grpc: { value: 1, name: 'ERROR_CODE_TIMEOUT_GRPC', retry: 'later' },
  invalid_url: { value: 4001, name: 'ERROR_CODE_INVALID_URL', retry: 'never' },
  session_not_found: { value: 4002, name: 'ERROR_CODE_SESSION_NOT_FOUND', retry: 'changed' },
  scope_not_found: { value: 4003, name: 'ERROR_CODE_SCOPE_NOT_FOUND', retry: 'never' },
  timeout_browser: { value: 4041, name: 'ERROR_CODE_TIMEOUT_BROWSER', retry: 'changed' },
  selector_not_found: { value: 4042, name: 'ERROR_CODE_SELECTOR_NOT_FOUND', retry: 'changed' },
  skip_selector_found: { value: 4043, name: 'ERROR_CODE_SKIP_SELECTOR_FOUND', retry: 'never' },
  no_workers_available: { value: 5001, name: 'ERROR_CODE_NO_WORKERS_AVAILABLE', retry: 'later' },
  worker_unreachable: { value: 5002, name: 'ERROR_CODE_WORKER_UNREACHABLE', retry: 'later' },
  browser_error: { value: 5003, name: 'ERROR_CODE_BROWSER_ERROR', retry: 'later' },
  network_error: { value: 5004, name: 'ERROR_CODE_NETWORK_ERROR', retry: 'later' },
  context_creation_failed: { value: 5005, name: 'ERROR_CODE_CONTEXT_CREATION_FAILED', retry: 'later' },
  terminating: { value: 5006, name: 'ERROR_CODE_TERMINATING', retry: 'at_once' },
  unknown: { value: 9999, name: 'ERROR_CODE_UNKNOWN', retry: 'changed' },
} as const satisfies Record<string, CodeOf>;

export type HiveCode = keyof typeof hiveCodes;

const byValue = new Map<number, HiveCode>(
  Object.entries(hiveCodes).map(([code, { value }]) => [value, code as HiveCode]),
);

/** A number from the wire; one that is not known counts as `unknown`. */
export const hiveCodeOf = (value: number): HiveCode => byValue.get(value) ?? 'unknown';

/** Something that went wrong and is told in an answer, never by the status of the call. */
export interface HiveProblem {
  code: Exclude<HiveCode, 'none'>;
  message: string;
  /** What it means for a page of a job, where the code does not tell. */
  failure?: FailureCode;
}
