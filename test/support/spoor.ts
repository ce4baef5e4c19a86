import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { until } from '#libs/testing';

const MAIN = resolve('dist/apps/cli/main.js');

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A process of ours with what it printed so far. */
export class Spoor {
  stdout = '';
  stderr = '';
  readonly finished: Promise<Finished>;

  constructor(readonly process: ChildProcess) {
    process.stdout!.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    process.stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.finished = new Promise((done) =>
      process.on('close', (code, signal) => done({ code, signal, stdout: this.stdout, stderr: this.stderr })),
    );
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }
}

/** A SPOOR_HOME of a test's own, the processes under it, and its end. */
export class Home {
  readonly dir = mkdtempSync(join(tmpdir(), 'spoor-test-'));
  private readonly started: Spoor[] = [];

  constructor(private readonly env: NodeJS.ProcessEnv = {}) {}

  /** `spoor <args>` with this home. */
  spoor(args: string[], env: NodeJS.ProcessEnv = {}): Spoor {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: this.dir,
      env: { ...process.env, NODE_OPTIONS: '', SPOOR_HOME: join(this.dir, 'home'), ...this.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const it = new Spoor(child);
    this.started.push(it);
    return it;
  }

  run(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
    return this.spoor(args, env).finished;
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  /** Pid of an embedded server; null when none is noted. */
  serverPid(kind: 'nats' | 'postgres'): number | null {
    const file = join(this.dir, 'home', 'run', 'servers.json');
    if (!existsSync(file)) return null;
    const state = JSON.parse(readFileSync(file, 'utf8')) as Record<string, { pid?: number } | undefined>;
    return state[kind]?.pid ?? null;
  }

  /** SIGKILL to everything of this home: processes, their children, servers. */
  killEverything(): void {
    const pids = new Set<number>();
    for (const { process: child } of this.started)
      if (child.pid && child.exitCode === null) for (const pid of treeOf(child.pid)) pids.add(pid);
    for (const kind of ['nats', 'postgres'] as const) {
      const pid = this.serverPid(kind);
      if (pid) for (const one of treeOf(pid)) pids.add(one);
    }
    for (const pid of pids) kill(pid);
  }

  async end(): Promise<void> {
    this.killEverything();
    await Promise.all(this.started.map((one) => one.finished));
    const gone = (): boolean => {
      try {
        rmSync(this.dir, { recursive: true, force: true });
        return true;
      } catch {
        return false;
      }
    };
    await until(gone, { timeoutMs: 10_000, what: 'the home to be removable' });
  }
}

export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

export function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

/** A process and all below it (Linux). */
export function treeOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean);
    return [pid, ...children.flatMap((child) => treeOf(Number(child)))];
  } catch {
    return [pid];
  }
}

/** Lines of a result file; throws on a torn one. */
export const readLines = (file: string): { url: string; statusCode: number; title: string | null }[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { url: string; statusCode: number; title: string | null });
