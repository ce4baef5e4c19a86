// A job with a million known URLs: memory of its coordinator, time until the first request after a start and after a resume, and the
// rate at which the read models are made anew from its history.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectLog } from '#libs/adapters/jetstream';
import { acquireServers } from '#libs/adapters/servers';
import { writeHistory } from '../lib/history.mjs';
import { treeOf } from '../lib/processes.mjs';
import { startSite } from '../lib/site.mjs';
import { root, spoor, workFolder } from '../lib/spoor.mjs';
import { row } from '../lib/stats.mjs';

const COMMAND = join(root, 'scripts/spoor.mjs');

function start(role, env, profile) {
  const flags = profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : [];
  const child = spawn(process.execPath, [...flags, COMMAND, 'run', role], {
    env,
    cwd: root,
    stdio: 'inherit',
  });
  return {
    rss: () => treeOf(child.pid).get('engine')?.rss ?? 0,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', resolve);
        child.kill('SIGTERM');
      }),
  };
}

/** Seconds until the site is asked for something, and the peak of `rss` until then and a second longer. */
async function untilRequest(site, rss) {
  const from = performance.now();
  let peak = 0;
  while ((await site.requests()) === 0) {
    if (performance.now() - from > 300_000) throw new Error('no request came in five minutes');
    peak = Math.max(peak, rss());
    await sleep(50);
  }
  const seconds = (performance.now() - from) / 1000;
  await sleep(1000);
  return { seconds, peak: Math.max(peak, rss()) };
}

export async function run({ known, runs, profile, say }) {
  const folder = workFolder();
  const site = await startSite(10);
  const servers = await acquireServers(folder.home);
  const env = {
    ...process.env,
    ...{
      NODE_ENV: 'production',
      SPOOR_HOME: folder.home,
      SPOOR_ALLOW_PRIVATE: site.host,
      SPOOR_LOG_LEVEL: 'error',
    },
    ...{ NATS_URL: servers.natsUrl, DATABASE_URL: servers.databaseUrl },
  };
  const log = await connectLog({ url: servers.natsUrl, shards: 1, name: 'bench' });
  const jobId = '0-00000000bench0001';
  const adopted = [];
  const resumed = [];
  const rates = [];
  try {
    const origin = site.url.slice(0, -1);
    const { fetched } = await writeHistory(log.eventLog, { jobId, origin, known, say });
    for (let i = 0; i < runs; i += 1) {
      await site.reset();
      const coordinator = start('coordinator', env, profile);
      const worker = start('worker', env);
      adopted.push(await untilRequest(site, coordinator.rss));
      await spoor(['job', 'pause', jobId], { home: folder.home, env });
      await sleep(1500);
      await site.reset();
      const watching = untilRequest(site, coordinator.rss);
      await spoor(['job', 'resume', jobId], { home: folder.home, env });
      resumed.push(await watching);
      await spoor(['job', 'pause', jobId], { home: folder.home, env });
      await Promise.all([coordinator.stop(), worker.stop()]);
      say(
        `${known} known: start ${adopted.at(-1).seconds.toFixed(1)} s, resume ${resumed.at(-1).seconds.toFixed(1)} s, coordinator ${Math.round(Math.max(adopted.at(-1).peak, resumed.at(-1).peak))} MB`,
      );
      const { stdout } = await spoor(['projection', 'rebuild', '--output', 'json'], {
        home: folder.home,
        env,
        profile,
      });
      const { events, durationMs } = JSON.parse(stdout.trim().split('\n').at(-1));
      rates.push((events * 1000) / durationMs);
      say(`rebuild: ${Math.round(rates.at(-1))} events/s`);
      // For the next start the job has to run.
      if (i + 1 < runs) await spoor(['job', 'resume', jobId], { home: folder.home, env });
    }
    const name = `job with ${known.toLocaleString('en')} known URLs, ${fetched.toLocaleString('en')} of them fetched`;
    return [
      row(
        `${name}: coordinator`,
        'MB',
        adopted.map(({ peak }, i) => Math.max(peak, resumed[i].peak)),
      ),
      row(
        `${name}: start of a coordinator to the first request`,
        's',
        adopted.map(({ seconds }) => seconds),
      ),
      row(
        `${name}: \`spoor job resume\` to the first request`,
        's',
        resumed.map(({ seconds }) => seconds),
      ),
      row('rebuild of the read models', 'events/s', rates),
    ];
  } finally {
    await log.close();
    await servers.release();
    site.close();
    folder.remove();
  }
}
