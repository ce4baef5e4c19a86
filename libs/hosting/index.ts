export { findEngine, markEngine, type EngineMark } from './engine-mark.js';
export {
  isGone,
  MIN_FREE_BYTES,
  openResources,
  type ResourceOptions,
  type Resources,
  type Running,
} from './resources.js';
export { untilSignal } from './until-signal.js';
export { watchHealth, type HealthOf } from './watch-health.js';
