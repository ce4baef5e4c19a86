export {
  HiveCoordinator,
  type CoordinatorAnswer,
  type CoordinatorRequest,
  type HiveCoordinatorDeps,
  type HiveCoordinatorOptions,
  type ScopeFigures,
} from './hive-coordinator.js';
export {
  HiveWorker,
  type HiveWorkerDeps,
  type HiveWorkerOptions,
  type WorkerFigures,
} from './hive-worker.js';
