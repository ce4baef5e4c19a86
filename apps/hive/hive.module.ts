import { Module, type DynamicModule } from '@nestjs/common';
import type { HiveCoordinator } from '#libs/engine/hive';
import type { HostedWorker } from '#libs/hosting/hive';
import { CoordinatorController, HIVE_COORDINATOR } from './coordinator.controller.js';
import { HIVE_WORKER, WORKER_ADDRESS, WorkerController } from './worker.controller.js';

@Module({})
class WorkerModule {}

@Module({})
class CoordinatorModule {}

export const workerModule = ({ worker, address }: HostedWorker): DynamicModule => ({
  module: WorkerModule,
  controllers: [WorkerController],
  providers: [
    { provide: HIVE_WORKER, useValue: worker },
    { provide: WORKER_ADDRESS, useValue: address },
  ],
});

export const coordinatorModule = (coordinator: HiveCoordinator): DynamicModule => ({
  module: CoordinatorModule,
  controllers: [CoordinatorController],
  providers: [{ provide: HIVE_COORDINATOR, useValue: coordinator }],
});
