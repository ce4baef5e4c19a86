import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { startTestNats, testDir, until, type TestNats } from '#libs/testing';
import { Spoor } from './support/spoor.js';
import { LoggedJob } from '#libs/testing/logged-job';

const PAGES = 300;
/** Writes each event's sequence before it counts as handled, and takes its time. */
const SUBSCRIBER = `
import { appendFileSync } from 'node:fs';
import { subscribe } from '@spoor/client';
const follow = process.argv[2] === 'follow';
const subscription = await subscribe({
  durable: 'index',
  follow,
  commitEvery: { events: 10 },
  on: {
    PageFetched: async (data, meta) => {
      appendFileSync('seen.txt', meta.seq + '\\n');
      if (follow) await new Promise((resolve) => setTimeout(resolve, 5));
    },
  },
});
await subscription.done;
`;
const TYPED = `
import { subscribe } from '@spoor/client';
await subscribe({
  on: {
    PageFetched: (data, meta) => {
      const status: number = data.statusCode;
      const seq: number = meta.seq;
      // @ts-expect-error there is no such field
      data.status;
      return void [status, seq];
    },
  },
});
// @ts-expect-error there is no such event
await subscribe({ on: { PageFecthed: () => {} } });
`;

const run = (command: string, args: string[], cwd: string): string => {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
};

describe('the client as a package, in an empty folder, without Nest', () => {
  let nats: TestNats;
  let log: JetStreamHandle;
  let dir: string;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    nats = await startTestNats();
    log = await connectLog({ url: nats.url, shards: 1, name: 'package-spec' });
    const job = new LoggedJob(log, '0-packaged0');
    await job.start();
    await job.pages(0, PAGES);
    dir = testDir('client');
    const archive = run(process.execPath, [resolve('scripts/pack-client.mjs'), dir], process.cwd()).trim();
    writeFileSync(join(dir, 'package.json'), '{ "type": "module", "private": true }');
    run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', archive], dir);
    writeFileSync(join(dir, 'subscriber.mjs'), SUBSCRIBER);
    writeFileSync(join(dir, 'typed.ts'), TYPED);
  }, 300_000);
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await log.close();
    await nats.stop();
  });

  const example = (file: string, args: string[], cwd: string): Spoor => {
    const env = { ...process.env, NODE_OPTIONS: '', NATS_URL: nats.url };
    const child = spawn(process.execPath, [file, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    return new Spoor(child);
  };

  it('the example in TypeScript follows the log and ends in order', async () => {
    const source = readFileSync('examples/subscriber.ts', 'utf8');
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    writeFileSync(join(dir, 'example.js'), ts.transpileModule(source, { compilerOptions }).outputText);
    const running = example('example.js', [], dir);
    await until(() => running.stdout.includes('shard 0: the history is read'), { timeoutMs: 60_000 });
    running.kill('SIGTERM');
    expect((await running.finished).code).toBe(0);
    expect(running.stdout.split('\n').filter((line) => line.includes(' 200 https://'))).toHaveLength(PAGES);
  }, 120_000);

  it('the example with the nats package reads the same events', async () => {
    const { code, stdout } = await example('examples/subscriber-nats.mjs', ['--once'], process.cwd())
      .finished;
    expect(code).toBe(0);
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(PAGES);
    expect(lines[0]).toBe('2 dev.spoor.PageFetched 0-packaged0 200 https://a.test/page/0');
  }, 60_000);

  const start = (mode: string): ChildProcess => {
    const env = { ...process.env, NODE_OPTIONS: '', NATS_URL: nats.url };
    const child = spawn(process.execPath, ['subscriber.mjs', mode], { cwd: dir, env, stdio: 'inherit' });
    children.push(child);
    return child;
  };
  const seen = (): number[] => {
    const file = join(dir, 'seen.txt');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : [];
  };

  it('has neither the engine nor Nest in it', () => {
    const { dependencies } = JSON.parse(
      readFileSync(join(dir, 'node_modules/@spoor/client/package.json'), 'utf8'),
    ) as { dependencies: object };
    expect(Object.keys(dependencies)).toEqual(['@nats-io/kv', '@nats-io/transport-node', 'zod']);
    expect(existsSync(join(dir, 'node_modules/@nestjs'))).toBe(false);
  });

  it('gives handlers the types of the catalogue', () => {
    const tsc = resolve('node_modules/typescript/bin/tsc');
    const options = ['--module', 'nodenext', '--target', 'es2023', '--strict', '--noEmit', '--types', 'node'];
    const types = ['--typeRoots', resolve('node_modules/@types'), '--skipLibCheck', 'true'];
    run(process.execPath, [tsc, ...options, ...types, 'typed.ts'], dir);
  });

  it('loses nothing over kill -9, and repeats no more than what was not kept yet', async () => {
    let kills = 0;
    for (const at of [40, 130]) {
      const child = start('follow');
      await until(() => seen().length >= at, { timeoutMs: 60_000, what: `${at} events` });
      child.kill('SIGKILL');
      kills += 1;
      await until(() => child.signalCode === 'SIGKILL');
    }
    const last = start('history');
    await until(() => last.exitCode === 0, { timeoutMs: 60_000, what: 'the end of the history' });
    const all = seen();
    expect([...new Set(all)]).toEqual(Array.from({ length: PAGES }, (_, n) => n + 2));
    expect(all.length - PAGES).toBeLessThanOrEqual(10 * kills);
  }, 180_000);
});
