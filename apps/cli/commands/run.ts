import { Option, type Command } from 'commander';
import { loadConfig } from '#libs/config';
import type { Finding, HealthWatch } from '#libs/engine/health';
import { SpoorError } from '#libs/failures';
import type { Resources, Running } from '#libs/hosting';
import { ROLES, type Part, type Role } from '../parts.js';
import { healthOf, metricsFor, serveHiveMetrics, serveMetrics } from '../monitoring.js';
import { exitIfStuck } from '../exit-if-stuck.js';
import type { Finish } from '../finish.js';
import { toldEnv } from '../told-env.js';

interface Started extends Running {
  findings?: () => Promise<Finding[]>;
}

/** Loaded one by one, so that a worker does not pay for what only the api needs. */
const starters: Record<Part, (resources: Resources, health: HealthWatch) => Promise<Started>> = {
  api: async (resources, health) => (await import('#apps/api')).startApi(resources, health),
  coordinator: async (resources) => (await import('#apps/coordinator')).startCoordinator(resources),
  projector: async (resources) => (await import('#apps/projector')).startProjector(resources),
  worker: async (resources) => {
    const { browserService } = await import('../browser-service.js');
    const browsers = browserService(resources);
    const worker = await (await import('#apps/worker')).startWorker(resources, () => browsers.at());
    return {
      close: async () => {
        await worker.close();
        await browsers.close();
      },
    };
  },
};

/** Starts roles in this process; closing them closes in reverse order. */
export async function startRoles(resources: Resources, roles: readonly Part[]): Promise<Running> {
  const running: Started[] = [];
  const ending = new AbortController();
  const close = async (): Promise<void> => {
    ending.abort();
    for (const one of running.reverse()) await one.close();
  };
  const health = await healthOf(resources, roles, async () =>
    (await Promise.all(running.map(async (one) => (await one.findings?.()) ?? []))).flat(),
  );
  try {
    // Said here in one line what Nest would say in many.
    if (roles.some((role) => role === 'api' || role === 'projector')) await resources.database();
    for (const role of roles) running.push(await starters[role](resources, health));
    if (resources.metrics) {
      void health.run(ending.signal);
      running.push(await serveMetrics(resources, resources.metrics, health));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
}

function roleOf(text: string): Role {
  const role = ROLES.find((name) => name === text);
  if (role) return role;
  throw new SpoorError('invalid_request', `There is no part of the engine called ${text}.`, {
    field: 'role',
    hint: `Parts: ${ROLES.join(', ')}.`,
  });
}

/** Needs neither database nor streams, so it is no part among the others. */
async function runScrapeNode(ended: Promise<unknown>): Promise<void> {
  const { openNode } = await import('#libs/hosting/scraper');
  const { startScrapeNode } = await import('#apps/scrape-node');
  const node = await openNode(loadConfig());
  try {
    const running = await startScrapeNode(node);
    node.logger.info({ part: 'scrape-node' }, 'ready');
    await ended;
    exitIfStuck(0);
    await running.close();
  } finally {
    await node.close();
  }
}

/** The browser service: it needs neither database nor streams. A second signal ends it without waiting for its pages. */
async function runHive(ended: Promise<unknown>): Promise<void> {
  const { loadHiveConfig } = await import('#libs/config');
  const { openHive } = await import('#libs/hosting/hive');
  const { startHive } = await import('#apps/hive');
  const config = loadConfig();
  const hive = await openHive({ config, hive: loadHiveConfig() });
  try {
    const running = await startHive(hive);
    const monitoring = await serveHiveMetrics(config, hive);
    hive.logger.info({ part: 'hive' }, 'ready');
    await ended;
    await running.close();
    await monitoring.close();
  } finally {
    await hive.close();
  }
}

/** Loads what the role needs until it is told where the servers are. @returns false when it was ended before */
async function prepared(
  role: Role,
  env: Promise<NodeJS.ProcessEnv>,
  ended: Promise<unknown>,
): Promise<boolean> {
  const { prepareResources } = await import('#libs/hosting');
  void prepareResources();
  if (role === 'worker') void import('#apps/worker');
  const told = await Promise.race([env, ended.then(() => null)]);
  if (told) Object.assign(process.env, told);
  return told !== null;
}

/** `spoor run <part>`: one part of the engine in this process, until a signal. */
export function addRun(program: Command, finish: Finish): void {
  program
    .command('run')
    .argument('<part>', ROLES.join(' | '))
    .description('run one part of the engine in this process (engine = api, coordinator and projector)')
    .addOption(new Option('--told', 'wait to be told the environment by the launcher').hideHelp())
    .action(async (text: string, { told }: { told?: true }) => {
      const role = roleOf(text);
      const env = told && toldEnv();
      const { openResources, untilSignal } = await import('#libs/hosting');
      const ended = untilSignal();
      if (env && !(await prepared(role, env, ended))) return finish(0);
      if (role === 'scrape-node') {
        await runScrapeNode(ended);
        return finish(0);
      }
      if (role === 'hive') {
        await runHive(ended);
        return finish(0);
      }
      const config = loadConfig();
      const roles = role === 'engine' ? (['coordinator', 'projector', 'api'] as const) : [role];
      const metrics = await metricsFor(config, roles);
      const resources = await openResources(config, { name: role, metrics });
      try {
        const running = await startRoles(resources, roles);
        resources.logger.info({ part: role }, 'ready');
        await ended;
        exitIfStuck(0);
        await running.close();
      } finally {
        await resources.close();
      }
      finish(0);
    });
}
