export { findEngine, markEngine, type EngineMark } from './engine-mark.js';
export { openResources, prepareResources } from './open-resources.js';
export { isGone, MIN_FREE_BYTES, type ResourceOptions, type Resources, type Running } from './resources.js';
export { untilSignal } from './until-signal.js';
export { watchHealth, type HealthOf } from './watch-health.js';
