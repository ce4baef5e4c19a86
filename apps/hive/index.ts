import 'reflect-metadata';
import type { HiveResources, HostedWorker } from '#libs/hosting/hive';
import { coordinatorModule, workerModule } from './hive.module.js';
import { serve, type Served } from './serve.js';

/** How often workers say that they are there, ms. */
const BEAT_MS = 1000;
/** What a stopping service takes to finish the requests that it has begun, ms. */
export const DRAIN_MS = 60_000;

export interface RunningHive {
  /** Takes nothing new, finishes what has begun, and ends. */
  close(drainMs?: number): Promise<void>;
}

/** The browser service in this process: its workers, its coordinator, or both. */
export async function startHive(hive: HiveResources): Promise<RunningHive> {
  const { config, coordinator, workers, feed, clock, logger } = hive;
  const { host, key, reflection } = config;
  const served: Served[] = [];
  const ofWorkers = new Map<HostedWorker, Served>();
  const ending = new AbortController();
  let unlisten = (): void => undefined;

  const beat = (): void => {
    for (const one of workers) {
      const said = one.worker.beat(one.address);
      feed?.send(said);
      coordinator?.hear(said);
      ofWorkers.get(one)?.setServing(said.healthy && !said.draining);
    }
  };
  const beatOn = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      beat();
      await clock.sleep(BEAT_MS, ending.signal).catch(() => undefined);
    }
  };
  const end = async (): Promise<void> => {
    ending.abort();
    unlisten();
    for (const one of served.reverse()) await one.close();
  };

  try {
    for (const one of workers) {
      one.worker.start();
      const running = await serve({
        ...{ module: workerModule(one), package: 'scraper.worker', file: 'worker.proto' },
        ...{ service: 'scraper.worker.WorkerService', host, port: one.port, key, reflection },
        portVariable: 'SPOOR_HIVE_WORKER_PORT',
      });
      served.push(running);
      ofWorkers.set(one, running);
    }
    if (coordinator) {
      unlisten = feed?.listen((said) => coordinator.hear(said)) ?? unlisten;
      served.push(
        await serve({
          ...{
            module: coordinatorModule(coordinator),
            package: 'scraper.coordinator',
            file: 'coordinator.proto',
          },
          ...{ service: 'scraper.coordinator.ScraperCoordinator', host, port: config.port, key, reflection },
          portVariable: 'SPOOR_HIVE_PORT',
        }),
      );
    }
  } catch (error) {
    await end();
    await Promise.all(workers.map(({ worker }) => worker.drain(0)));
    throw error;
  }
  void beatOn();
  logger.info(
    {
      ...(coordinator ? { coordinator: `${host}:${config.port}` } : {}),
      workers: workers.map(({ worker, address }) => ({ scope: worker.options.scope, address })),
    },
    'the browser service takes requests',
  );
  return {
    close: async (drainMs = DRAIN_MS) => {
      const parts = [...workers.map(({ worker }) => worker), ...(coordinator ? [coordinator] : [])];
      const drained = parts.map((part) => part.drain(drainMs));
      // Coordinators elsewhere learn of it now, not when a request was refused.
      beat();
      await Promise.all(drained);
      await end();
    },
  };
}
