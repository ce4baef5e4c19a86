import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { processIdentity } from '#libs/adapters/servers';
import { noteProcess, until } from '#libs/testing';

const MAIN = resolve('dist/apps/cli/main.js');

export const ROLES = ['coordinator', 'worker', 'projector', 'api'] as const;
export type Role = (typeof ROLES)[number];

/** Part of the line that says that a part serves. */
const READY = '"msg":"ready"';

interface Life {
  child: ChildProcess;
  output: string;
  ended: Promise<void>;
}

/** One part of the engine as a process: `spoor run <role>`, with all that its lives have printed. */
export class Part {
  private readonly lives: Life[] = [];
  /** Lives that ended without having been told to, with how. */
  deaths: string[] = [];
  /** What strikes it is no death of its own. */
  private isStruck = false;

  constructor(
    readonly name: string,
    readonly role: Role,
    private readonly cwd: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** @param extra environment of this life alone */
  start(extra: NodeJS.ProcessEnv = {}): void {
    if (this.isAlive) throw new Error(`${this.name} runs already`);
    const child = spawn(process.execPath, ['--trace-warnings', MAIN, 'run', this.role], {
      cwd: this.cwd,
      env: { ...process.env, NODE_OPTIONS: '', ...this.env, ...extra },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const life: Life = { child, output: '', ended: Promise.resolve() };
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (life.output += chunk.toString()));
    this.isStruck = false;
    life.ended = new Promise((done) =>
      child.on('close', (code, signal) => {
        // A fail point kills by SIGKILL; nothing else of ours may end by itself, with whatever code.
        if (!this.isStruck && signal !== 'SIGKILL') this.deaths.push(`exit code ${code}, signal ${signal}`);
        done();
      }),
    );
    if (child.pid !== undefined) noteProcess({ pid: child.pid, identity: processIdentity(child.pid) ?? '' });
    this.lives.push(life);
  }

  get isAlive(): boolean {
    const child = this.lives.at(-1)?.child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  get pid(): number {
    return this.lives.at(-1)?.child.pid ?? 0;
  }

  /** Everything that its lives have printed since it was marked. */
  get output(): string {
    return this.lives.map(({ output }) => output).join('\n');
  }

  /** A new run begins: what came before was judged. */
  mark(): void {
    this.lives.splice(0, this.lives.length - 1);
    const [life] = this.lives;
    if (life) life.output = life.output.includes(READY) ? READY : '';
    this.deaths = [];
  }

  /** It said that it serves. */
  ready(timeoutMs = 180_000): Promise<unknown> {
    const life = this.lives.at(-1)!;
    return until(
      () => {
        if (life.output.includes(READY)) return true;
        if (!this.isAlive) throw new Error(`${this.name} ended before it was ready:\n${life.output}`);
        return false;
      },
      { timeoutMs, what: `${this.name} to be ready (${life.output.slice(-500)})` },
    );
  }

  async kill9(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Resolves when it has ended. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const life = this.lives.at(-1);
    if (!life) return null;
    this.isStruck = true;
    if (this.isAlive) life.child.kill(signal);
    await life.ended;
    return life.child.exitCode;
  }

  freeze(): void {
    this.lives.at(-1)?.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.lives.at(-1)?.child.kill('SIGCONT');
  }

  async died(timeoutMs = 60_000): Promise<void> {
    await until(() => !this.isAlive, { timeoutMs, what: `${this.name} to die at its fail point` });
    await this.lives.at(-1)!.ended;
  }
}
