export { FoldContext, JetStreamStrategy, type StrategyOptions } from './strategy.js';
export { FoldBatch, OnEvent } from './decorators.js';
export type { FoldStatus } from './fold-runner.js';
export type { TransportLogger } from './support.js';
