// The sessions pages with 10,000 jobs and 1,000,000 pages in the tables: time of the server, from the request to the first byte, of each
// page when it is asked for the first time after a start, and then.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { connectLog } from '#libs/adapters/jetstream';
import { openDatabase } from '#libs/adapters/postgres';
import { acquireServers } from '#libs/adapters/servers';
import { resolveSpec } from '#libs/job';
import { writeHistory } from '../lib/history.mjs';
import { root, workFolder } from '../lib/spoor.mjs';
import { row } from '../lib/stats.mjs';

const JOBS = 10_000;
const PAGES = 1_000_000;
/** Half of all pages are one job's. */
const BIG = '0-00000000bench0002';
const ORIGIN = 'http://bench.invalid';
/** URLs that the log knows of that job: a history that takes longer to read than anybody would wait. */
const KNOWN = 200_000;
const VIEWS = 15;

/** Rows as the projection would have written them, made by Postgres itself. */
async function fill(url, spec, say) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query(
      `SELECT table_schema FROM information_schema.tables WHERE table_name = 'page_mark'`,
    );
    await client.query(`SET search_path TO "${rows[0].table_schema}"`);
    say(`${JOBS} jobs and ${PAGES} pages`);
    await client.query(
      `INSERT INTO job (id, shard, name, status, run, generation, spec, fetched, failed, skipped, retries, redirects, bytes, status_codes,
         item_versions, created_at, updated_at, created_seq, seq)
       SELECT CASE WHEN i = $1 THEN $3 ELSE '0-benchjob' || lpad(i::text, 6, '0') END, 0, 'Crawl of shop ' || i,
         (ARRAY['done', 'done', 'done', 'error', 'stopped', 'paused'])[1 + i % 6], 1, 1, $2::jsonb,
         CASE WHEN i = $1 THEN $4::int ELSE 49 END, 1, 0, 2, 3, 1000000, '{"200": 47, "404": 2}', '[1]',
         now() - (($1 - i) || ' minutes')::interval, now(), i, i
       FROM generate_series(1, $1) AS i`,
      [JOBS, JSON.stringify(spec), BIG, PAGES / 2],
    );
    await client.query(
      `INSERT INTO page (id, job_id, generation, run, url, host, final_url, outcome, status_code, title, h1, stage, depth, load_time,
         content_type, robots_blocked, metadata, seq)
       SELECT gen_random_uuid(), CASE WHEN i % 2 = 0 THEN $2 ELSE '0-benchjob' || lpad((1 + i / 2 % ($3 - 1))::text, 6, '0') END, 1, 1,
         $4 || '/section/page-' || i, 'bench.invalid', $4 || '/section/page-' || i,
         CASE WHEN i % 200 = 0 THEN 'failed' ELSE 'fetched' END, CASE WHEN i % 200 = 0 THEN 0 ELSE 200 END, 'The title of page ' || i,
         'The heading', 'page', 1, 120, 'text/html', false, '{"contentLength": 30000}', i
       FROM generate_series(1, $1) AS i`,
      [PAGES, BIG, JOBS, ORIGIN],
    );
    await client.query('ANALYZE');
  } finally {
    await client.end();
  }
}

async function startApi(env) {
  const child = spawn(process.execPath, [join(root, 'scripts/spoor.mjs'), 'run', 'api'], {
    ...{ env, cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  });
  const base = `http://127.0.0.1:${env.SPOOR_PORT}`;
  const isLive = () =>
    fetch(`${base}/health/live`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isLive())) {
    if (child.exitCode !== null) throw new Error('the api did not start');
    await sleep(100);
  }
  const stop = () =>
    new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill('SIGTERM');
    });
  return { base, stop };
}

/** ms to the first byte */
async function view(url) {
  const began = performance.now();
  const response = await fetch(url);
  const ms = performance.now() - began;
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return { ms, isWhole: !text.includes('data-unfinished') };
}

export async function run({ runs, say }) {
  const folder = workFolder();
  const servers = await acquireServers(folder.home);
  const env = {
    ...process.env,
    ...{ NODE_ENV: 'production', SPOOR_HOME: folder.home, SPOOR_LOG_LEVEL: 'error', SPOOR_PORT: '18473' },
    ...{ NATS_URL: servers.natsUrl, DATABASE_URL: servers.databaseUrl },
  };
  const log = await connectLog({ url: servers.natsUrl, shards: 1, name: 'bench' });
  const paths = {
    'list of sessions': '/sessions',
    'list, by status': '/sessions?status=error',
    'list, searched': '/sessions?q=shop+77',
    'session with a long history': `/sessions/${BIG}`,
    'its pages': `/sessions/${BIG}/pages`,
    'its failed pages': `/sessions/${BIG}/pages?outcome=failed`,
    'its timeline': `/sessions/${BIG}/timeline`,
  };
  const first = Object.fromEntries(Object.keys(paths).map((name) => [name, []]));
  const later = Object.fromEntries(Object.keys(paths).map((name) => [name, []]));
  const whole = [];
  try {
    const database = await openDatabase(servers.databaseUrl);
    await database.migrate();
    await database.close();
    await fill(servers.databaseUrl, resolveSpec({ start: [`${ORIGIN}/`] }).spec, say);
    await writeHistory(log.eventLog, { jobId: BIG, origin: ORIGIN, known: KNOWN, say });
    for (let i = 0; i < runs; i += 1) {
      for (const [name, path] of Object.entries(paths)) {
        const api = await startApi(env);
        try {
          const seen = await view(api.base + path);
          first[name].push(seen.ms);
          const began = performance.now();
          for (let isWhole = seen.isWhole; !isWhole; isWhole = (await view(api.base + path)).isWhole)
            await sleep(200);
          if (path === paths['session with a long history']) whole.push((performance.now() - began) / 1000);
          for (let k = 0; k < VIEWS; k += 1) later[name].push((await view(api.base + path)).ms);
        } finally {
          await api.stop();
        }
      }
      say(`round ${i + 1} of ${runs}`);
    }
    return [
      ...Object.keys(paths).map((name) => row(`${name}: first view after a start`, 'ms', first[name])),
      ...Object.keys(paths).map((name) => row(`${name}: further views`, 'ms', later[name])),
      row(`a history of ${KNOWN / 5} pages: until all of it is shown`, 's', whole),
    ];
  } finally {
    await log.close();
    await servers.release();
    folder.remove();
  }
}
