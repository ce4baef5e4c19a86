import type {
  Bodies,
  Clock,
  EventLog,
  FetchQueue,
  Fetcher,
  Logger,
  Metrics,
  PageParser,
  PrivateTargets,
  Robots,
} from '../ports/index.js';

/** Moments between two effects, where a test lets the process die. */
export type FailPoint = 'after_fetch' | 'after_publish' | 'before_ack';

export interface WorkerDeps {
  eventLog: Pick<EventLog, 'readDecisions' | 'publishPage' | 'pageEventIds' | 'watchDecisions' | 'appendJob'>;
  fetchQueue: Pick<FetchQueue, 'pull'>;
  fetcher: Fetcher;
  privateTargets: PrivateTargets;
  robots: Robots;
  parser: PageParser;
  bodies: Pick<Bodies, 'put'>;
  clock: Clock;
  logger: Logger;
  metrics?: Metrics | undefined;
  /** From 0 up to 1; spreads retries. */
  random: () => number;
  failPoint?: ((name: FailPoint) => void) | undefined;
}
