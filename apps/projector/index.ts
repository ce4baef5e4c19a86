import 'reflect-metadata';

export { rebuildProjection, type RebuildStep } from './rebuild-projection.js';
export { startProjector, type RunningProjector } from './start-projector.js';
