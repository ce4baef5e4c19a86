import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  freePort,
  killProcess,
  startNatsServer,
  stopProcess,
  type RunningServer,
} from '#libs/adapters/servers';
import { noteProcess, runDir, testDir } from './run-dir.js';

export interface TestNatsCluster {
  /** All servers, as NATS_URL takes them. */
  readonly url: string;
  /** Named `n1` to `n3`. */
  kill9(name: string): Promise<void>;
  /** Starts a server again that was killed, on its port and store. */
  start(name: string): Promise<void>;
  stop(): Promise<void>;
}

const NAMES = ['n1', 'n2', 'n3'];

/** Three real nats-servers of one cluster on this machine. */
export async function startTestNatsCluster(): Promise<TestNatsCluster> {
  const dir = testDir('cluster');
  const routes = await Promise.all(NAMES.map(() => freePort()));
  const servers = new Map<string, RunningServer>();
  const start = async (name: string): Promise<void> => {
    const own = join(dir, name);
    const port = servers.get(name)?.port;
    const others = routes.map((route) => `nats://127.0.0.1:${route}`).join(', ');
    const server = await startNatsServer({
      ...{ storeDir: join(own, 'store'), runDir: own, logFile: join(own, 'nats.log'), home: runDir() },
      ...(port === undefined ? {} : { port }),
      settings: [
        `cluster { name: spoor, listen: "127.0.0.1:${routes[NAMES.indexOf(name)]}", routes: [${others}] }`,
      ],
      name,
      onSpawn: noteProcess,
    });
    servers.set(name, server);
  };
  for (const name of NAMES) await start(name);
  return {
    url: `nats://${[...servers.values()].map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    kill9: (name) => killProcess(servers.get(name)!),
    start,
    stop: async () => {
      await Promise.all([...servers.values()].map((server) => stopProcess(server, 'SIGTERM')));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
