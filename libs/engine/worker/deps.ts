import type { PageFacts } from '#libs/job';
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
  Renderer,
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
  /** For stages with `render`; left out, their pages wait. */
  browser?:
    | {
        renderer: Renderer;
        /** What a page says before its scripts have run; null for what is no HTML. */
        factsOf: (body: Buffer, contentType: string | null) => PageFacts | null;
      }
    | undefined;
  bodies: Pick<Bodies, 'put'>;
  clock: Clock;
  logger: Logger;
  metrics?: Metrics | undefined;
  /** From 0 up to 1; spreads retries. */
  random: () => number;
  failPoint?: ((name: FailPoint) => void) | undefined;
}
