// One job on a site that takes 200 ms to answer, with one and with four worker processes of eight slots each.
import { startEngine, startJobs, untilEnded } from '../lib/roles.mjs';
import { startSite } from '../lib/site.mjs';
import { row } from '../lib/stats.mjs';

const PAGES = 600;
const LATENCY_MS = 200;
const SLOTS = 8;

async function crawl(site, workers) {
  const engine = await startEngine(site);
  try {
    engine.start('coordinator');
    for (let i = 0; i < workers; i += 1) engine.start('worker', { SPOOR_WORKER_SLOTS: String(SLOTS) });
    const politeness = { concurrency: SLOTS * workers, perHost: SLOTS * workers, delayMs: 0, robots: 'obey' };
    await site.reset();
    const ids = await startJobs(engine.log, [{ start: [site.url], politeness, bodies: 'none' }]);
    const [job] = await untilEnded(engine.log, ids);
    if (job.ok < PAGES) throw new Error(`${job.ok} of ${PAGES} pages were recorded`);
    // From the first outcome: what came before is the start of the processes.
    return PAGES / ((job.endedAt - job.firstAt) / 1000);
  } finally {
    await engine.close();
  }
}

export async function run({ runs, say }) {
  const site = await startSite(PAGES, { latencyMs: LATENCY_MS });
  const speeds = { 1: [], 4: [] };
  try {
    for (let i = 0; i < runs; i += 1)
      for (const workers of [1, 4]) {
        speeds[workers].push(await crawl(site, workers));
        say(`${workers} workers: ${speeds[workers].at(-1).toFixed(1)} pages/s`);
      }
  } finally {
    site.close();
  }
  const name = `site with ${LATENCY_MS} ms latency`;
  return [
    row(`${name}, one worker of ${SLOTS} slots`, 'pages/s', speeds[1]),
    row(
      `${name}, four workers over one`,
      '×',
      speeds[4].map((speed, i) => speed / speeds[1][i]),
    ),
  ];
}
