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
const HOLD_MS = 500;
/** Until V8 has compiled what runs often. */
const WARM = 3000;
const COUNT = 4000;
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
    asker.send({ atOnce: AT_ONCE, holdMs: HOLD_MS, ...what });
    const [result] = await once(asker, 'message');
    if (result.bad > 0) throw new Error(`${result.bad} of ${what.count} answers were not as they should be`);
    return result;
  };
  try {
    const keys = [];
    for (let calls = (WARM + COUNT) * runs; calls > 0; calls -= CALLS_OF_A_KEY) {
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
    const all = [];
    for (let i = 0; i < runs; i += 1) {
      await measure({ url, keys, scrape: true, count: WARM });
      const before = cpuOf(pids);
      const ours = await measure({ url, keys, scrape: true, count: COUNT });
      const after = cpuOf(pids);
      await measure({ url: bareUrl, scrape: false, count: WARM });
      const bareBefore = cpuOf([bare.pid]);
      const theirs = await measure({ url: bareUrl, scrape: false, count: COUNT });
      const bareAfter = cpuOf([bare.pid]);
      const ms = (name) => ((after[name] - before[name]) * 1000) / COUNT;
      const figures = {
        ...{ p50: percentile(ours.overheads, 0.5), p99: percentile(ours.overheads, 0.99) },
        ...{ bareP50: percentile(theirs.overheads, 0.5), bareP99: percentile(theirs.overheads, 0.99) },
        ...{ api: ms('engine'), nats: ms('nats'), postgres: ms('postgres') },
        bare: ((bareAfter.engine - bareBefore.engine) * 1000) / COUNT,
        rate: COUNT / (ours.wallMs / 1000),
      };
      say(
        `scrape: ${Object.entries(figures)
          .map(([name, value]) => `${name} ${value.toFixed(2)}`)
          .join(', ')}`,
      );
      all.push(figures);
    }
    const values = (name) => all.map((one) => one[name]);
    const note = `${AT_ONCE} at once, target ${HOLD_MS} ms, ${Math.round(values('rate')[0])}/s`;
    return [
      row('scrape: overhead p50', 'ms', values('p50'), note),
      row('scrape: overhead p99', 'ms', values('p99'), note),
      row('bare Nest route: overhead p50', 'ms', values('bareP50')),
      row('bare Nest route: overhead p99', 'ms', values('bareP99')),
      row('scrape: CPU of the api per request', 'ms', values('api')),
      row('scrape: CPU of NATS per request', 'ms', values('nats')),
      row('scrape: CPU of Postgres per request', 'ms', values('postgres')),
      row('bare Nest route: CPU per request', 'ms', values('bare')),
    ];
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
