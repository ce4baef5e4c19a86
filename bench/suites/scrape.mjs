// POST /api/v1/scrape at a hundred at once: what the endpoint adds to the time that the target takes, beside a route that does nothing.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { acquireServers } from '#libs/adapters/servers';
import { treeOf } from '../lib/processes.mjs';
import { root, spoor, workFolder } from '../lib/spoor.mjs';
import { percentile, row } from '../lib/stats.mjs';

const COMMAND = join(root, 'scripts/spoor.mjs');
const AT_ONCE = 100;
/** What the target takes: a page from afar, and one that comes soon, for which as many callers ask twice as often. */
const HOLDS_MS = [1000, 500];
/** Until V8 has compiled what runs often. */
const WARM = 2000;
const COUNT = 3000;
/** A premium key has 2,000 calls an hour. */
const CALLS_OF_A_KEY = 1800;

function child(file) {
  const path = fileURLToPath(new URL(`../site/${file}`, import.meta.url));
  return fork(path, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

/** CPU s so far, of each kind of process at or below these. */
function cpuOf(pids) {
  const parts = new Map();
  for (const pid of pids) treeOf(pid, parts);
  return Object.fromEntries(['engine', 'nats', 'postgres'].map((name) => [name, parts.get(name)?.cpu ?? 0]));
}

/** Of the embedded servers, which are nobody's children. */
function serverPids(home) {
  const state = JSON.parse(readFileSync(join(home, 'run', 'servers.json'), 'utf8'));
  return [state.nats.pid, state.postgres.pid];
}

async function until(condition) {
  for (let i = 0; i < 600; i += 1) {
    if (await condition().catch(() => false)) return;
    await sleep(100);
  }
  throw new Error('the api did not come up');
}

/** Figures of `COUNT` calls of a process that has warmed up. */
async function round(measure, { pids, ...what }) {
  await measure({ ...what, count: WARM });
  const before = cpuOf(pids);
  const { overheads, wallMs } = await measure({ ...what, count: COUNT });
  const after = cpuOf(pids);
  const cpu = Object.fromEntries(
    Object.keys(after).map((name) => [name, ((after[name] - before[name]) * 1000) / COUNT]),
  );
  return {
    p50: percentile(overheads, 0.5),
    p99: percentile(overheads, 0.99),
    rate: (COUNT * 1000) / wallMs,
    cpu,
  };
}

const told = ({ p50, p99, rate, cpu }) =>
  `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, ${Math.round(rate)}/s, CPU ms ${Object.entries(cpu)
    .map(([name, ms]) => `${name} ${ms.toFixed(2)}`)
    .join(', ')}`;

function rowsOf({ holdMs, ours, theirs }) {
  const note = `${AT_ONCE} at once, ${Math.round(ours[0].rate)}/s`;
  const name = `scrape, target ${holdMs} ms`;
  const of = (all, read) => all.map(read);
  return [
    row(
      `${name}: overhead p50`,
      'ms',
      of(ours, ({ p50 }) => p50),
      note,
    ),
    row(
      `${name}: overhead p99`,
      'ms',
      of(ours, ({ p99 }) => p99),
      note,
    ),
    row(
      `${name}: CPU of the api per request`,
      'ms',
      of(ours, ({ cpu }) => cpu.engine),
    ),
    row(
      `${name}: CPU of NATS per request`,
      'ms',
      of(ours, ({ cpu }) => cpu.nats),
    ),
    row(
      `${name}: CPU of Postgres per request`,
      'ms',
      of(ours, ({ cpu }) => cpu.postgres),
    ),
    row(
      `bare Nest route, ${holdMs} ms: overhead p50`,
      'ms',
      of(theirs, ({ p50 }) => p50),
    ),
    row(
      `bare Nest route, ${holdMs} ms: overhead p99`,
      'ms',
      of(theirs, ({ p99 }) => p99),
    ),
    row(
      `bare Nest route, ${holdMs} ms: CPU per request`,
      'ms',
      of(theirs, ({ cpu }) => cpu.engine),
    ),
  ];
}

export async function run({ runs, profile, say }) {
  const folder = workFolder();
  const servers = await acquireServers(folder.home);
  const [asker, bare] = [child('slow-target.mjs'), child('bare-nest.mjs')];
  const [[{ host }], [{ url: bareUrl }]] = await Promise.all([once(asker, 'message'), once(bare, 'message')]);
  const port = 20_000 + (process.pid % 10_000);
  const env = {
    ...{
      NODE_ENV: 'production',
      SPOOR_HOME: folder.home,
      SPOOR_ALLOW_PRIVATE: host,
      SPOOR_LOG_LEVEL: 'error',
    },
    ...{ NATS_URL: servers.natsUrl, DATABASE_URL: servers.databaseUrl, SPOOR_PORT: String(port) },
  };
  const flags = profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : [];
  const api = spawn(process.execPath, [...flags, COMMAND, 'run', 'api'], {
    ...{ env: { ...process.env, ...env }, cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
  });
  const url = `http://127.0.0.1:${port}/api/v1/scrape`;
  const measure = async (what) => {
    asker.send({ atOnce: AT_ONCE, ...what });
    const [result] = await once(asker, 'message');
    if (result.bad > 0) throw new Error(`${result.bad} of ${what.count} answers were not as they should be`);
    return result;
  };
  try {
    const keys = [];
    for (let calls = (WARM + COUNT) * runs * HOLDS_MS.length; calls > 0; calls -= CALLS_OF_A_KEY) {
      const made = await spoor(['key', 'create', '--tier', 'premium', '--output', 'json'], {
        home: folder.home,
        env,
      });
      keys.push(JSON.parse(made.stdout).key);
    }
    for (const key of keys)
      await until(async () => {
        const answer = await fetch(url.replace('scrape', 'usage'), { headers: { 'x-api-key': key } });
        return answer.ok;
      });
    const pids = [api.pid, ...serverPids(folder.home)];
    const scrape = { url, keys, scrape: true, pids };
    const plain = { url: bareUrl, scrape: false, pids: [bare.pid] };
    const rounds = HOLDS_MS.map((holdMs) => ({ holdMs, ours: [], theirs: [] }));
    for (let i = 0; i < runs; i += 1)
      for (const { holdMs, ours, theirs } of rounds) {
        ours.push(await round(measure, { ...scrape, holdMs }));
        theirs.push(await round(measure, { ...plain, holdMs }));
        say(`scrape, target ${holdMs} ms: ${told(ours.at(-1))}; bare route: ${told(theirs.at(-1))}`);
      }
    return rounds.flatMap(rowsOf);
  } finally {
    asker.disconnect();
    bare.disconnect();
    const gone = once(api, 'exit');
    api.kill('SIGTERM');
    await gone;
    await servers.release();
    folder.remove();
  }
}
