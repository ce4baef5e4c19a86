// node bench/scale.mjs [--pages-per-day N] [--workers N] [--shards N] [--latency-ms N] [--seconds N]: the cost model of docs/scale.md as a
// simulation: pages go through worker, log, coordinator and projector, each with its CPU time, on so many threads. It says how busy each is and how
// long a page takes, so that what the table promises can be tried with other numbers. Drawn from one seed: the same numbers give the same answer.
import { parseArgs } from 'node:util';

/** CPU ms a page of each part; docs/scale.md says where they are measured. */
const COST = { worker: 0.79, log: 0.15, coordinator: 0.09, projector: 0.11, postgres: 0.15 };

const number = (name, fallback) => [name, { type: 'string', default: String(fallback) }];
const { values } = parseArgs({
  options: Object.fromEntries([
    ...[number('pages-per-day', 100_000_000), number('workers', 46), number('shards', 1)],
    ...[number('worker-cores', 2), number('latency-ms', 1000), number('seconds', 60)],
  ]),
});
const given = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
const SLOTS = 32;

/** Mulberry32. */
let seed = 1;
function random() {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const drawn = (mean) => -mean * Math.log(1 - random());

/** So many threads that take work in its order; `serve` tells when it is done. */
class Threads {
  busy = 0;
  constructor(count) {
    this.free = new Float64Array(count);
  }
  serve(at, ms) {
    let first = 0;
    for (let i = 1; i < this.free.length; i += 1) if (this.free[i] < this.free[first]) first = i;
    const end = Math.max(at, this.free[first]) + ms;
    this.free[first] = end;
    this.busy += ms;
    return end;
  }
}

const rate = given['pages-per-day'] / 86_400_000;
const until = given.seconds * 1000;
const { shards } = given;
const busy = new Map();

/** All pages through one part in the order in which they come to it: `at` becomes when they leave. */
function through(name, pages, threads, msOf, laneOf = () => 0, lanes = 1) {
  const each = Array.from({ length: lanes }, () => new Threads(threads));
  for (const page of pages.sort((a, b) => a.at - b.at))
    page.at = each[laneOf(page)].serve(page.at, msOf(page));
  const spent = each.reduce((sum, lane) => sum + lane.busy, 0);
  busy.set(name, spent / (lanes * threads * until));
}

const pages = [];
for (let at = 0; at < until; at += drawn(1 / rate))
  pages.push({ came: at, at, shard: pages.length % shards, answer: drawn(given['latency-ms']) });
const shardOf = ({ shard }) => shard;
through('slots', pages, given.workers * SLOTS, ({ answer }) => answer);
through('worker', pages, given['worker-cores'], () => COST.worker);
through('log', pages, 1, () => COST.log);
const stored = pages.map((page) => ({ ...page }));
through('coordinator', stored, 1, () => COST.coordinator, shardOf, shards);
through('projector', pages, 1, () => COST.projector, shardOf, shards);
through('postgres', pages, 1, () => COST.postgres);

const took = pages.map(({ at, came, answer }) => at - came - answer).sort((a, b) => a - b);
const ms = (share) => `${took[Math.min(took.length - 1, Math.floor(took.length * share))].toFixed(0)} ms`;
console.log(
  `${Math.round(rate * 1000)} pages/s, ${given.workers} workers of ${SLOTS} slots, shards: ${shards}\n`,
);
console.log('| part | busy |\n| --- | ---: |');
for (const [name, part] of busy) console.log(`| ${name} | ${Math.round(part * 100)} % |`);
console.log(
  `\nfrom its release to its rows, without the time of its site, a page takes ${ms(0.5)} at the median, ${ms(0.99)} at p99, ${ms(1)} at most`,
);
const full = [...busy].filter(([, part]) => part >= 0.95).map(([name]) => name);
console.log(full.length > 0 ? `does not hold: too little of ${full.join(', ')}` : 'holds');
process.exitCode = full.length > 0 ? 1 : 0;
