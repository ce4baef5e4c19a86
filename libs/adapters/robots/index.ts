import type { Clock, Fetcher, Robots } from '#libs/engine/ports';
import { CachedRobots } from './robots.js';

/** robots.txt of every origin, fetched through `fetcher` (the engine's egress) and kept for an hour. */
export function createRobots(fetcher: Fetcher, clock: Pick<Clock, 'now'> = Date): Robots {
  return new CachedRobots(fetcher, clock);
}
