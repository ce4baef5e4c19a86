import type { Command } from 'commander';
import { isPortFree } from '#libs/adapters/servers';
import { isLoopback, loadConfig, type EngineConfig } from '#libs/config';
import { SpoorError } from '#libs/failures';
import { findEngine, markEngine, openResources, untilSignal } from '#libs/hosting';
import { Child } from '../child.js';
import { wholeNumber } from '../crawl-spec.js';
import { exitIfStuck } from '../exit-if-stuck.js';
import type { Finish } from '../finish.js';
import { childEnv, metricsPortOf } from '../child-env.js';
import { SAMPLE_HOST } from '../sample.js';
import { say } from '../say.js';

const GRACE_MS = 3000;

/** `spoor up`: the whole engine until Ctrl-C; workers in processes of their own, the rest in one. */
export function addUp(program: Command, finish: Finish): void {
  program
    .command('up')
    .description('run the whole engine with its API until Ctrl-C')
    .option('--workers <n>', 'worker processes', wholeNumber('--workers'), 1)
    .option('--port <n>', 'port of the API (default 8080)', wholeNumber('--port'))
    .action(async ({ workers, port }: { workers: number; port?: number }) => {
      const ended = untilSignal();
      const config = loadConfig(
        port === undefined ? process.env : { ...process.env, SPOOR_PORT: String(port) },
      );
      await up(
        { ...config, logLevel: process.env.SPOOR_LOG_LEVEL ? config.logLevel : 'warn' },
        workers,
        ended,
      );
      finish(0);
    });
}

async function up(config: EngineConfig, workers: number, ended: Promise<unknown>): Promise<void> {
  const other = findEngine(config.home);
  if (other)
    throw new SpoorError('store_unavailable', `An engine runs here already, at ${other.url}.`, {
      hint: 'Use it, or stop it first; another SPOOR_HOME makes another engine.',
    });
  if (isLoopback(config.host) && config.port !== 0 && !(await isPortFree(config.port)))
    throw new SpoorError('store_unavailable', `Port ${config.port} is taken.`, {
      hint: 'Give the API another one: spoor up --port 8081, or SPOOR_PORT.',
    });
  // The bundled sample site may be crawled by whoever sits at this machine; nobody else reaches this API.
  const allowPrivate = isLoopback(config.host) ? [...config.allowPrivate, SAMPLE_HOST] : config.allowPrivate;
  const resources = await openResources({ ...config, allowPrivate }, { name: 'up' });
  const { logger } = resources;
  const env = childEnv(resources, { SPOOR_PORT: String(config.port), SPOOR_HOST: config.host });
  const url = `http://${config.host}:${config.port}`;
  const unmark = markEngine(config.home, url);
  const children = [
    new Child({ role: 'engine', env, logger }),
    ...Array.from({ length: workers }, (_, i) => {
      const own = { ...env, ...metricsPortOf(resources, i + 1) };
      return new Child({ role: 'worker', env: own, logger });
    }),
  ];
  say(`spoor runs at ${url} (API: ${url}/api/docs); Ctrl-C ends it`);
  await ended;
  say('draining; what is in flight is finished or handed back');
  exitIfStuck(0);
  unmark();
  await Promise.all(children.map((child) => child.stop(GRACE_MS)));
  await resources.close();
}
