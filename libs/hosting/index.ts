export { findEngine, markEngine, type EngineMark } from './engine-mark.js';
export { isGone, openResources, type ResourceOptions, type Resources, type Running } from './resources.js';
export { untilSignal } from './until-signal.js';
