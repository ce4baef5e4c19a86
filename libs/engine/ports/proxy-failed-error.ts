import { failures } from '#libs/failures';
import type { FetchProblem } from './fetcher.js';
import type { ProxyProblem } from './proxy-check.js';

/** A request that could not be made because the proxy failed, where a fetch's own outcome has no place for it. */
export class ProxyFailedError extends Error {
  readonly code = 'proxy_failed';
  constructor(readonly problem: ProxyProblem) {
    super(problem.message);
  }

  static of({ code, statusCode, message, vendorText = null, hint }: FetchProblem): ProxyFailedError {
    return new ProxyFailedError({
      ok: false,
      ...{ code, statusCode, message, vendorText },
      hint: hint ?? failures[code].hint,
    });
  }
}
