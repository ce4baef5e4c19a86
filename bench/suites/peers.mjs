// Spoor side by side with what people use instead: the same site, in turns, in one run. Each keeps its records in its usual way.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure } from '../lib/processes.mjs';
import { startSite } from '../lib/site.mjs';
import { crawlSite, IMPOLITE, root } from '../lib/spoor.mjs';
import { row } from '../lib/stats.mjs';

const FOLDER = join(root, 'bench/peers');
const VENV = join(FOLDER, '.venv');
/** Records without bodies, as the others keep them. */
const RECORDS = ['--bodies', 'none'];
const INSTALL_MS = 300_000;

const PEERS = [
  {
    id: 'crawlee',
    name: 'Crawlee (Cheerio, disk)',
    command: process.execPath,
    args: ['crawlee.mjs'],
    needs: npmPackages,
  },
  { id: 'scrapy', name: 'Scrapy (JOBDIR)', command: null, args: ['scrapy_peer.py'], needs: scrapy },
  {
    id: 'bare',
    name: 'bare got + cheerio loop',
    command: process.execPath,
    args: ['bare.mjs'],
    needs: npmPackages,
  },
];

const runs = (command, args) =>
  spawnSync(command, args, { cwd: FOLDER, stdio: ['ignore', 'ignore', 'ignore'], timeout: INSTALL_MS })
    .status === 0;

/** In bench/peers alone; nobody gets them with Spoor. */
function npmPackages() {
  if (existsSync(join(FOLDER, 'node_modules/@crawlee/cheerio'))) return true;
  return runs('npm', ['install', '--no-save', '--no-package-lock', '--ignore-scripts']);
}

/** The pinned one in a folder of its own; where it cannot be had, one that the system has. */
function scrapy(peer) {
  const python = join(VENV, 'bin/python');
  const hasScrapy = (command) => runs(command, ['-c', 'import scrapy']);
  if (!existsSync(python) && runs('python3', ['-m', 'venv', VENV]))
    runs(join(VENV, 'bin/pip'), ['install', '--quiet', '-r', 'requirements.txt']);
  peer.command = [python, 'python3', '/usr/bin/python3'].find(hasScrapy) ?? null;
  return peer.command !== null;
}

async function crawlWith({ name, command, args }, site) {
  const out = mkdtempSync(join(tmpdir(), 'spoor-bench-peer-'));
  try {
    await site.reset();
    const measured = await measure(command, args, { cwd: FOLDER, env: { SITE: site.url, OUT: out } });
    const { ok } = JSON.parse(measured.stdout.trim().split('\n').at(-1) || '{}');
    if (measured.code !== 0 || !(ok >= site.pages))
      throw new Error(`${name} ended with code ${measured.code} and ${ok} of ${site.pages} pages`);
    return measured;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

export async function run({ pages, runs: times, only, say }) {
  const chosen = PEERS.filter(({ id }) => only.length === 0 || only.includes(id));
  const there = chosen.filter((peer) => {
    if (peer.needs(peer)) return true;
    say(`skipped: ${peer.name} could not be installed`);
    return false;
  });
  const rows = [];
  for (const count of pages) {
    const site = await startSite(count);
    const results = new Map([['Spoor', []], ...there.map(({ name }) => [name, []])]);
    try {
      for (let i = 0; i < times; i += 1) {
        results.get('Spoor').push(await crawlSite(site, [site.url, ...IMPOLITE, ...RECORDS]));
        for (const peer of there) results.get(peer.name).push(await crawlWith(peer, site));
        for (const [name, all] of results)
          say(
            `${name}: ${((all.at(-1).cpuS / count) * 1000).toFixed(2)} CPU s per 1,000, ${Math.round(count / all.at(-1).wallS)} pages/s`,
          );
      }
    } finally {
      site.close();
    }
    rows.push(...rowsOf(count, results));
  }
  return rows;
}

function rowsOf(count, results) {
  const name = `${count.toLocaleString('en')} pages`;
  const spoor = results.get('Spoor');
  return [...results].flatMap(([peer, all]) => [
    row(
      `${name}, ${peer}`,
      'CPU s per 1,000 pages',
      all.map(({ cpuS }) => (cpuS / count) * 1000),
    ),
    row(
      `${name}, ${peer}: speed`,
      'pages/s',
      all.map(({ wallS }) => count / wallS),
      peer === 'Spoor'
        ? ''
        : `Spoor is ${(all[0].wallS / spoor[0].wallS).toFixed(1)} × as quick in the first round`,
    ),
  ]);
}
