export { failures, isFailureCode, type Failure, type FailureCode } from './table.js';
export { SpoorError } from './errors.js';
