// Jobs over four event logs: a coordinator and a projector for each, one worker process for all.
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEngine, startJobs, untilEnded } from '../lib/roles.mjs';
import { startSite } from '../lib/site.mjs';
import { row } from '../lib/stats.mjs';

const pg = createRequire(import.meta.url)('pg');
const JOBS = 8;
const PAGES = 500;

/** Rows of 200-pages of each job, once there are as many as the log has. */
async function projected(databaseUrl, ids, want) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (let tries = 0; ; tries += 1) {
      const { rows } = await client.query(
        'SELECT job_id, count(*)::int AS pages FROM spoor.page WHERE status_code = 200 AND job_id = ANY($1) GROUP BY job_id',
        [ids],
      );
      const sum = rows.reduce((all, { pages }) => all + pages, 0);
      if (sum === want) return;
      if (tries > 300) throw new Error(`${sum} of ${want} pages are in the read models`);
      await sleep(100);
    }
  } finally {
    await client.end();
  }
}

async function crawl(site, shards) {
  const engine = await startEngine(site, { shards });
  try {
    for (const role of ['projector', 'coordinator', 'worker']) engine.start(role);
    const politeness = { concurrency: 8, perHost: 8, delayMs: 0, robots: 'obey' };
    const specs = Array.from({ length: JOBS }, () => ({ start: [site.url], politeness, bodies: 'none' }));
    await site.reset();
    const ids = await startJobs(engine.log, specs, shards);
    const jobs = await untilEnded(engine.log, ids);
    const short = jobs.filter(({ ok, doubles }) => ok < PAGES || doubles > 0).length;
    if (short > 0) throw new Error(`${short} jobs miss pages, or have one twice`);
    await projected(
      engine.databaseUrl,
      ids,
      jobs.reduce((sum, { ok }) => sum + ok, 0),
    );
    const from = Math.min(...jobs.map(({ firstAt }) => firstAt));
    return (JOBS * PAGES * 1000) / (Math.max(...jobs.map(({ endedAt }) => endedAt)) - from);
  } finally {
    await engine.close();
  }
}

export async function run({ runs, say }) {
  const site = await startSite(PAGES);
  const speeds = { 1: [], 4: [] };
  try {
    for (let i = 0; i < runs; i += 1)
      for (const shards of [1, 4]) {
        speeds[shards].push(await crawl(site, shards));
        say(
          `${JOBS} jobs over ${shards} shards: ${Math.round(speeds[shards].at(-1))} pages/s, all in the read models`,
        );
      }
  } finally {
    site.close();
  }
  return [1, 4].map((shards) =>
    row(
      `${JOBS} jobs of ${PAGES} pages over ${shards} ${shards === 1 ? 'shard' : 'shards'}`,
      'pages/s',
      speeds[shards],
    ),
  );
}
