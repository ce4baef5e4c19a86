export { Coordinator, type CoordinatorDeps, type CoordinatorOptions } from './coordinator.js';
