import type { Logger } from '#libs/engine/ports';
import { findEngine, type Resources, type Running } from '#libs/hosting';
import { childEnv, metricsPortOf } from './child-env.js';
import { Child } from './child.js';
import { startRoles } from './commands/run.js';
import { say } from './say.js';

const WORKER_GRACE_MS = 3000;
const LOOK_MS = 1000;

export interface LocalEngine extends Running {
  /** False: it is the one that `spoor up` runs. */
  readonly own: boolean;
}

/** A worker on its way before the servers are: to load itself takes it as long as them. It does nothing until it is told of them. */
export class WorkerAhead {
  readonly child: Child;
  private resolve!: (env: NodeJS.ProcessEnv) => void;

  constructor(logger: Logger) {
    const env = new Promise<NodeJS.ProcessEnv>((resolve) => (this.resolve = resolve));
    this.child = new Child({ role: 'worker', env, logger });
  }

  tell(resources: Resources): void {
    this.resolve(workerEnv(resources));
  }
}

const workerEnv = (resources: Resources): NodeJS.ProcessEnv =>
  childEnv(resources, metricsPortOf(resources, 1));

/**
 * What one command needs to see a job to its end. Nothing is started where `spoor up` runs an engine already, until that is gone:
 * nobody else would go on with the job then.
 */
export async function ensureEngine(resources: Resources, ahead?: WorkerAhead | null): Promise<LocalEngine> {
  if (!findEngine(resources.config.home)) return startEngine(resources, ahead);
  await ahead?.child.stop(0);
  let substitute: Promise<LocalEngine | null> | null = null;
  let own = false;
  const takeOver = async (): Promise<LocalEngine | null> => {
    say('the engine that ran here is gone; this command goes on by itself');
    try {
      const engine = await startEngine(resources);
      own = true;
      return engine;
    } catch (error) {
      resources.logger.warn(
        { error: error instanceof Error ? error.message : '' },
        'no engine could be started',
      );
      substitute = null;
      return null;
    }
  };
  const looking = setInterval(() => {
    if (!findEngine(resources.config.home)) substitute ??= takeOver();
  }, LOOK_MS);
  return {
    get own() {
      return own;
    },
    close: async () => {
      clearInterval(looking);
      await (await substitute)?.close();
    },
  };
}

/** Coordinator and projector in this process, a worker in another, so that both cores work. */
async function startEngine(resources: Resources, ahead?: WorkerAhead | null): Promise<LocalEngine> {
  const { logger } = resources;
  const worker = ahead?.child ?? new Child({ role: 'worker', env: workerEnv(resources), logger });
  ahead?.tell(resources);
  try {
    const roles = await startRoles(resources, ['coordinator', 'projector']);
    return {
      own: true,
      close: async () => {
        await worker.stop(WORKER_GRACE_MS);
        await roles.close();
      },
    };
  } catch (error) {
    await worker.stop(0);
    throw error;
  }
}
