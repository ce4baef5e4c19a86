import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isRunning, type ProcessRef } from '#libs/adapters/servers';
import { noteProcess, testDir, until } from '#libs/testing';

interface Holder {
  child: ChildProcess;
  urls: { natsUrl: string; databaseUrl: string };
}
type State = Record<'nats' | 'postgres', ProcessRef>;

const holders: ChildProcess[] = [];

async function hold(home: string): Promise<Holder> {
  const script = join(import.meta.dirname, 'fixtures/hold-servers.mjs');
  const child = spawn(process.execPath, [script, home], { stdio: ['pipe', 'pipe', 'inherit'] });
  holders.push(child);
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the holder ended with ${String(code)}`);
  });
  const said = once(createInterface(child.stdout), 'line') as Promise<[string]>;
  const [line] = await Promise.race([said, ended]);
  ended.catch(() => undefined);
  return { child, urls: JSON.parse(line) as Holder['urls'] };
}

async function letGo({ child }: Holder): Promise<void> {
  const exit = once(child, 'exit');
  child.stdin?.end();
  expect(await exit).toEqual([0, null]);
}

function stateOf(home: string): State {
  const state = JSON.parse(readFileSync(join(home, 'run/servers.json'), 'utf8')) as State;
  Object.values(state).forEach(noteProcess);
  return state;
}

const running = (state: State): boolean[] => [isRunning(state.nats), isRunning(state.postgres)];
const starts = (home: string, log: string, words: RegExp): number =>
  [...readFileSync(join(home, 'logs', log), 'utf8').matchAll(words)].length;

describe('embedded servers shared by processes', () => {
  afterEach(() => {
    for (const child of holders.splice(0)) child.kill('SIGKILL');
  });

  it('starts each once for two that come together; the last to go stops them', async () => {
    const home = testDir('home');
    const [one, two] = await Promise.all([hold(home), hold(home)]);
    expect(one.urls).toEqual(two.urls);
    expect(starts(home, 'nats.log', /Server is ready/g)).toBe(1);
    expect(starts(home, 'postgres.log', /starting PostgreSQL/g)).toBe(1);
    const state = stateOf(home);

    await letGo(one);
    expect(running(state)).toEqual([true, true]);
    await letGo(two);
    expect(running(state)).toEqual([false, false]);
    expect(existsSync(join(home, 'postgres/postmaster.pid'))).toBe(false);
  });

  it('adopts what a killed process left running, and forgets that process', async () => {
    const home = testDir('home');
    const killed = await hold(home);
    const state = stateOf(home);
    killed.child.kill('SIGKILL');
    await once(killed.child, 'exit');
    expect(running(state)).toEqual([true, true]);

    const heir = await hold(home);
    expect(heir.urls).toEqual(killed.urls);
    expect(stateOf(home)).toEqual(state);
    await letGo(heir);
    expect(running(state)).toEqual([false, false]);
  });

  it('leaves nothing behind when the last one has no time to wait; others keep what they hold', async () => {
    const home = testDir('home');
    const [one, two] = [await hold(home), await hold(home)];
    const state = stateOf(home);
    const leaveInHaste = async ({ child }: Holder): Promise<void> => {
      const exit = once(child, 'exit');
      child.stdin?.write('now');
      expect(await exit).toEqual([9, null]);
    };
    await leaveInHaste(one);
    expect(running(state)).toEqual([true, true]);
    await leaveInHaste(two);
    await until(() => !running(state).includes(true), { what: 'the end of both servers' });
    expect(existsSync(join(home, 'postgres/postmaster.pid'))).toBe(false);
  });

  it('starts again when everything was killed at once', async () => {
    const home = testDir('home');
    const first = await hold(home);
    const state = stateOf(home);
    process.kill(first.child.pid ?? 0, 'SIGKILL');
    process.kill(state.nats.pid, 'SIGKILL');
    process.kill(state.postgres.pid, 'SIGKILL');
    await until(() => !running(state).includes(true), { what: 'the end of both servers' });

    const second = await hold(home);
    expect(second.urls).toEqual(first.urls);
    await letGo(second);
  });

  it('is not held up by a process that was killed while it started the servers', async () => {
    const home = testDir('home');
    const script = join(import.meta.dirname, 'fixtures/hold-servers.mjs');
    const hasty = spawn(process.execPath, [script, home], { stdio: ['pipe', 'ignore', 'inherit'] });
    holders.push(hasty);
    await until(() => existsSync(join(home, 'run/servers.json')), {
      what: 'the first server',
      timeoutMs: 20_000,
    });
    hasty.kill('SIGKILL');
    stateOf(home);

    const next = await hold(home);
    const state = stateOf(home);
    expect(running(state)).toEqual([true, true]);
    await letGo(next);
    expect(running(state)).toEqual([false, false]);
  });
});
