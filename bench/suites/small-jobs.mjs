// 1,000 small jobs started at once, ten to a host: how long each waits for its first page, and whether all come to their end.
import { startEngine, startJobs, untilEnded } from '../lib/roles.mjs';
import { startSite } from '../lib/site.mjs';
import { percentile, row } from '../lib/stats.mjs';

const PAGES_EACH = 2;
const JOBS_EACH = 10;

export async function run({ runs, jobs, profile, say }) {
  const site = await startSite(200, { hosts: Math.min(250, Math.ceil(jobs / JOBS_EACH)) });
  const p99 = [];
  const slowest = [];
  const speeds = [];
  const cpus = {};
  try {
    for (let i = 0; i < runs; i += 1) {
      const engine = await startEngine(site);
      try {
        const coordinator = engine.start('coordinator', {}, profile);
        const worker = engine.start('worker', { SPOOR_WORKER_SLOTS: '32' }, profile);
        const spent = () => ({
          coordinator: coordinator.cpu(),
          worker: worker.cpu(),
          nats: engine.natsCpu(),
        });
        await site.reset();
        // So that both are there: what is measured is the jobs' wait, not the start of the processes.
        const politeness = { concurrency: 8, perHost: 8, delayMs: 0, robots: 'ignore' };
        const common = { politeness, bodies: 'none', scope: { maxPages: PAGES_EACH } };
        await untilEnded(engine.log, await startJobs(engine.log, [{ ...common, start: [site.url] }]));
        const paths = await site.paths();
        const specs = Array.from({ length: jobs }, (_, k) => {
          const host = site.hosts[k % site.hosts.length];
          return { ...common, start: [`http://${host}${paths[k % paths.length]}`] };
        });
        const before = spent();
        const ended = await untilEnded(engine.log, await startJobs(engine.log, specs));
        const after = spent();
        for (const [part, cpu] of Object.entries(after))
          (cpus[part] ??= []).push(((cpu - before[part]) * 1000) / jobs);
        const waits = ended.map(({ startedAt, firstAt }) => (firstAt - startedAt) / 1000);
        const starved = ended.filter(({ ok, doubles }) => ok < 1 || doubles > 0).length;
        if (starved > 0) throw new Error(`${starved} jobs have no page, or one twice`);
        const from = Math.min(...ended.map(({ startedAt }) => startedAt));
        const to = Math.max(...ended.map(({ endedAt }) => endedAt));
        p99.push(percentile(waits, 0.99));
        slowest.push(Math.max(...waits));
        speeds.push((jobs * 1000) / (to - from));
        say(
          `${jobs} jobs: first page after ${p99.at(-1).toFixed(2)} s at p99, all done in ${((to - from) / 1000).toFixed(1)} s`,
        );
      } finally {
        await engine.close();
      }
    }
  } finally {
    site.close();
  }
  const name = `${jobs.toLocaleString('en')} jobs of ${PAGES_EACH} pages at once`;
  return [
    row(`${name}: wait for the first page, p99`, 's', p99),
    row(`${name}: the longest wait`, 's', slowest),
    row(`${name}: jobs done`, 'jobs/s', speeds),
    ...Object.entries(cpus).map(([part, values]) => row(`${name}: CPU of ${part}`, 'ms/job', values)),
  ];
}
