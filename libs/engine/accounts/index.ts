export { Keys, type KeysDeps, type NewKey } from './keys.js';
export { KeyWatch, type KeyWatchDeps } from './key-watch.js';
export { UsageProjector, type UsageProjectorDeps } from './usage-projector.js';
