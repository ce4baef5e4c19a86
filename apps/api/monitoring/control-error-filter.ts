import { Catch, Inject } from '@nestjs/common';
import { failures, type SpoorError } from '#libs/failures';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { ErrorFilter } from '../http/error-filter.js';

const SILENT = { warn: () => undefined, error: () => undefined };

/** Errors as the callers of these routes know them: `{success: false, error, timestamp}`, and what can be done. */
@Catch()
export class ControlErrorFilter extends ErrorFilter {
  constructor(@Inject(API_DEPS) deps: ApiDeps) {
    super(deps.log ?? SILENT);
  }

  protected override body(error: SpoorError | null, requestId: string): object {
    const code = error?.code ?? 'internal';
    return {
      success: false,
      error: textOf(error),
      code,
      hint: error?.hint ?? failures.internal.hint,
      timestamp: new Date().toISOString(),
      ...(failures[code].http >= 500 ? { requestId } : {}),
    };
  }
}

function textOf(error: SpoorError | null): string {
  if (!error) return 'Something went wrong here.';
  if (error.code === 'job_not_found') return 'Job not found';
  // What is asked for by name stands for itself.
  const [issue] = error.details.issues ?? [];
  return issue && error.message === `${issue.field}: ${issue.message}` && SPOKEN.test(issue.message)
    ? issue.message
    : error.message;
}

const SPOKEN = /^(jobId|Invalid action)/;
