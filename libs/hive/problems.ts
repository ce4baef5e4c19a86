import type { HiveProblem } from './codes.js';

/** What is known of a context that is busy. Times are ms since the epoch. */
export interface ContextFigures {
  id: string;
  createdAt: number;
  lastUsedAt: number;
  requests: number;
  cacheBytes: number;
}

const after = (ms: number): string => `(after ${Math.round(ms)}ms)`;
/** As clients know it: without fractions of a second. */
const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** What a client sent, as far as it is said back: an answer has to fit into a message. Characters are never cut in two. */
export const brief = (text: string): string =>
  text.length <= BRIEF ? text : [...text.slice(0, 2 * BRIEF)].slice(0, BRIEF).join('');
const BRIEF = 200;

/** The one place that words the errors of the service: clients read these texts. */
export const problems = {
  invalidUrl: (details: string): HiveProblem => ({ code: 'invalid_url', message: `Invalid URL: ${details}` }),

  contextNotFound: (id: string): HiveProblem => ({
    code: 'session_not_found',
    message: `Context not found or expired: ${brief(id)}`,
  }),

  scopeNotFound: (name: string): HiveProblem => ({
    code: 'scope_not_found',
    message: `Scope not found: ${brief(name)}`,
  }),

  busy: (context: ContextFigures, ms: number): HiveProblem => ({
    code: 'browser_error',
    message:
      `Context ${context.id} is already busy (created: ${time(context.createdAt)}, ` +
      `last_used: ${time(context.lastUsedAt)}, total_requests: ${context.requests}, ` +
      `cache_size_mb: ${Math.round(context.cacheBytes / 2 ** 20)}) ${after(ms)}`,
  }),

  tabFailed: (id: string, domain: string, error: string, ms: number): HiveProblem => ({
    code: 'browser_error',
    message: `Failed to create tab for context ${id} (domain: ${domain}): ${error} ${after(ms)}`,
  }),

  crashed: (id: string, domain: string, what: string, ms: number): HiveProblem => ({
    code: 'browser_error',
    message: `In context ${id} ${what} (domain: ${domain}) ${after(ms)}`,
  }),

  contextFailed: (error: string, ms: number): HiveProblem => ({
    code: 'context_creation_failed',
    message: `Failed to create new browser context: ${error} ${after(ms)}`,
  }),

  network: (error: string): HiveProblem => ({
    code: 'network_error',
    message: `Failed to navigate to URL: ${error}`,
  }),

  selectorNotFound: (selector: string): HiveProblem => ({
    code: 'selector_not_found',
    message: `Wait selector '${selector}' was not found within timeout`,
  }),

  skipSelectorFound: (selector: string): HiveProblem => ({
    code: 'skip_selector_found',
    message: `Skip selector '${selector}' was found`,
  }),

  timeout: (strategy: string, details: string): HiveProblem => ({
    code: 'timeout_browser',
    message: `Wait strategy '${strategy}' failed: ${details}`,
  }),

  workerTerminating: (): HiveProblem => ({
    code: 'terminating',
    message: 'Worker is shutting down, please retry with another instance',
  }),

  browserReplaced: (): HiveProblem => ({
    code: 'terminating',
    message: 'The browser is being replaced, please retry with another instance',
  }),

  coordinatorTerminating: (): HiveProblem => ({
    code: 'terminating',
    message: 'Coordinator is shutting down, please retry',
  }),

  noSlots: (scope: string): HiveProblem => ({
    code: 'no_workers_available',
    message: `No available slots in scope: ${scope}. All workers are busy.`,
  }),

  workerUnreachable: (worker: string): HiveProblem => ({
    code: 'worker_unreachable',
    message: `Worker not reachable: ${worker}`,
  }),

  workerTooSlow: (worker: string, ms: number): HiveProblem => ({
    code: 'timeout_grpc',
    message: `Worker ${worker} did not answer within ${Math.round(ms)}ms`,
  }),

  /** What a request says that is not about its URL, session or scope. */
  badField: (field: string, details: string): HiveProblem => ({
    code: 'unknown',
    message: `Invalid ${field}: ${details}`,
  }),

  unknown: (): HiveProblem => ({
    code: 'unknown',
    message: 'Unexpected error; the log of the service says more',
  }),
};
