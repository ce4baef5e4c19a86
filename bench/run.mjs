// npm run bench [-- options]; see README.md beside this file.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureSetup } from '../scripts/lib/ensure.mjs';
import { canMeasure } from './lib/processes.mjs';
import { root } from './lib/spoor.mjs';
import { table } from './lib/stats.mjs';

const SUITES = [
  'crawl',
  'cold-start',
  'micro',
  'known-urls',
  'workers',
  'small-jobs',
  'shards',
  'scrape',
  'pages',
  'browser',
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pages: { type: 'string', default: '2000,10000' },
    runs: { type: 'string', default: '3' },
    kinds: { type: 'string' },
    known: { type: 'string', default: '1000000' },
    jobs: { type: 'string', default: '1000' },
    peers: { type: 'boolean', default: false },
    'cpu-prof': { type: 'boolean', default: false },
  },
});

const say = (line) => process.stderr.write(`${line}\n`);

async function main() {
  if (!canMeasure()) throw new Error('CPU of process trees is read from /proc, which this system has not');
  const chosen = values.peers ? ['peers'] : positionals.length > 0 ? positionals : SUITES;
  const unknown = chosen.filter((name) => !SUITES.includes(name) && !values.peers);
  if (unknown.length > 0)
    throw new Error(`no such suite: ${unknown.join(', ')}; there are ${SUITES.join(', ')}`);
  await ensureSetup();
  const started = new Date();
  const folder = join(root, 'results', 'bench', started.toISOString().replaceAll(':', '-').slice(0, 19));
  mkdirSync(folder, { recursive: true });
  const options = {
    pages: values.pages.split(',').map(Number),
    runs: Number(values.runs),
    known: Number(values.known),
    jobs: Number(values.jobs),
    // With --peers: those to run beside Spoor.
    only: positionals,
    ...(values.kinds ? { kinds: values.kinds.split(',') } : {}),
    ...(values['cpu-prof'] ? { profile: join(folder, 'profiles') } : {}),
    say,
  };
  const rows = [];
  for (const name of chosen) {
    const { run } = await import(`./suites/${name}.mjs`);
    rows.push(...(await run(options)));
  }
  const machine = {
    ...{ node: process.version, kernel: release(), cpu: cpus()[0]?.model, cores: cpus().length },
    memoryGb: Math.round(totalmem() / 2 ** 30),
    load: loadavg().map((load) => Number(load.toFixed(1))),
  };
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify({ started, machine, rows }, null, 2)}\n`);
  const text = `${machine.cores} × ${machine.cpu}, Node ${machine.node}, load ${machine.load.join(' ')}\n\n${table(rows)}\n`;
  writeFileSync(join(folder, 'results.md'), text);
  process.stdout.write(text);
  say(`results and profiles are in ${folder}`);
}

try {
  await main();
} catch (error) {
  say(`bench: ${error.message}`);
  process.exitCode = 1;
}
