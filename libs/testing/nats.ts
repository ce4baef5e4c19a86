import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { killProcess, startNatsServer, stopProcess, type RunningServer } from '#libs/adapters/servers';
import { noteProcess, runDir, testDir } from './run-dir.js';

export interface TestNats {
  readonly url: string;
  readonly port: number;
  readonly storeDir: string;
  /** Of the server that runs now; another one after `restart`. */
  readonly pid: number;
  kill9(): Promise<void>;
  /**
   * Ends the server when it runs, and starts it again on the same port and store.
   * @param meanwhile is called while none runs
   */
  restart(meanwhile?: () => void): Promise<void>;
  /** Ends the server and removes its store. */
  stop(): Promise<void>;
}

/**
 * A real nats-server with JetStream of this test's own, without a password, on a free port.
 * @param settings further lines of its configuration
 * @param options.program another one than the engine would use
 */
export async function startTestNats(
  settings: readonly string[] = [],
  { program }: { program?: string } = {},
): Promise<TestNats> {
  const dir = testDir('nats');
  const storeDir = join(dir, 'store');
  const start = (port?: number): Promise<RunningServer> =>
    startNatsServer({
      ...{ storeDir, runDir: dir, logFile: join(dir, 'nats.log'), home: runDir() },
      ...(port === undefined ? {} : { port }),
      settings,
      ...(program === undefined ? {} : { program }),
      onSpawn: noteProcess,
    });
  let server = await start();
  return {
    url: server.url,
    port: server.port,
    storeDir,
    get pid() {
      return server.pid;
    },
    kill9: () => killProcess(server),
    restart: async (meanwhile) => {
      await stopProcess(server, 'SIGTERM');
      meanwhile?.();
      server = await start(server.port);
    },
    stop: async () => {
      await stopProcess(server, 'SIGTERM');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
