import { fork, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describeError } from '#libs/engine';
import type { Logger } from '#libs/engine/ports';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
/** A child that died is started again at once, then ever later, so that one which cannot live does not eat the machine. */
const BACKOFF_MS = [0, 500, 1000, 2000, 5000];
const STEADY_MS = 30_000;

export interface ChildOptions {
  /** `worker`, `engine`: what `spoor run` takes. */
  role: string;
  /** One that is not known yet is told to the process when it is; the process starts and loads itself meanwhile. */
  env: NodeJS.ProcessEnv | Promise<NodeJS.ProcessEnv>;
  logger: Logger;
}

/**
 * A process of the engine under its launcher: in a session of its own, so that Ctrl-C reaches only the launcher; started again
 * when it dies by itself; and gone when the launcher is, which it notices by its IPC channel.
 */
export class Child {
  private process: ChildProcess | null = null;
  private stopping = false;
  private deaths = 0;

  constructor(private readonly options: ChildOptions) {
    this.start();
  }

  get pid(): number | undefined {
    return this.process?.pid;
  }

  /** SIGTERM, and SIGKILL for what is still there after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    const child = this.process;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const timeout = new AbortController();
    const killed = sleep(graceMs, undefined, { signal: timeout.signal }).then(
      () => child.kill('SIGKILL'),
      () => undefined,
    );
    await gone;
    timeout.abort();
    await killed;
  }

  private start(): void {
    if (this.stopping) return;
    const startedAt = Date.now();
    const { role, env } = this.options;
    const told = env instanceof Promise ? env : null;
    const child = fork(MAIN, ['run', role, ...(told ? ['--told'] : [])], {
      env: told ? process.env : (env as NodeJS.ProcessEnv),
      detached: true,
      stdio: ['ignore', 2, 2, 'ipc'],
      execArgv: process.execArgv,
    });
    this.process = child;
    // One that is gone by then, or was never started, has its own report below.
    void told?.then((late) => child.send(late, () => undefined)).catch(() => undefined);
    // A fork that the machine refuses (no process, no memory) has no exit.
    child.once('error', (error) => this.died(startedAt, { error: describeError(error) }));
    child.once('exit', (code, signal) => this.died(startedAt, { code, signal }));
  }

  private died(startedAt: number, how: object): void {
    if (this.stopping) return;
    if (Date.now() - startedAt > STEADY_MS) this.deaths = 0;
    const wait = BACKOFF_MS[Math.min(this.deaths++, BACKOFF_MS.length - 1)]!;
    this.options.logger.warn({ role: this.options.role, ...how }, 'process died; it is started again');
    setTimeout(() => this.start(), wait);
  }
}
