import type { Fault } from './fault.js';
import { clockJump } from './kinds/clock-jump.js';
import { cuts } from './kinds/cuts.js';
import { freeze } from './kinds/freeze.js';
import { full } from './kinds/full.js';
import { killAroundMessages } from './kinds/kill-around-messages.js';
import { killAtRandom } from './kinds/kill-at-random.js';
import { killEverything } from './kinds/kill-everything.js';
import { killWorkerAtFailPoints } from './kinds/kill-worker-at-fail-points.js';
import { lostAcknowledgements } from './kinds/lost-acknowledgements.js';
import { oversized } from './kinds/oversized.js';
import { poison } from './kinds/poison.js';
import { proxyBreaks } from './kinds/proxy-breaks.js';
import { racingCommands } from './kinds/racing-commands.js';
import { rebuildLive } from './kinds/rebuild-live.js';
import { servers } from './kinds/servers.js';
import { sigterm } from './kinds/sigterm.js';
import { slowProjector } from './kinds/slow-projector.js';
import { stuckFetches } from './kinds/stuck-fetches.js';
import { twoOfAKind } from './kinds/two-of-a-kind.js';
import { weather } from './kinds/weather.js';

/** Every fault, in the order in which they strike: those that need the same stage stand together. */
export const faults: readonly Fault[] = [
  ...killAtRandom,
  ...killWorkerAtFailPoints,
  ...killAroundMessages,
  killEverything,
  ...sigterm,
  ...servers,
  ...cuts,
  ...weather,
  ...lostAcknowledgements,
  slowProjector,
  rebuildLive,
  oversized,
  racingCommands,
  ...proxyBreaks,
  stuckFetches,
  ...twoOfAKind,
  ...freeze,
  ...full,
  poison,
  ...clockJump,
];
