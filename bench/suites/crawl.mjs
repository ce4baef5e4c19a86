// CPU per page of whole crawls, all processes counted, start and stop included.
import { join } from 'node:path';
import { crawlSite, IMPOLITE } from '../lib/spoor.mjs';
import { startSite } from '../lib/site.mjs';
import { median, row } from '../lib/stats.mjs';
import { writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** Ten CSS selectors on each page. */
const TEN_FIELDS = Object.fromEntries(
  [
    ['number', '.facts .number'],
    ['author', '.facts .author'],
    ['price', '.facts .price'],
    ['city', '.facts .city'],
    ['stock', '.facts .stock'],
    ['description', 'meta[name=description]', 'content'],
    ['lead', 'section.card p.lead'],
    ['second', 'section.card-1 h2'],
    ['first_value', 'table.spec td.value'],
    ['caption', 'figure figcaption'],
  ].map(([name, selector, attr]) => [name, { selector, ...(attr ? { attr } : {}) }]),
);

function fieldsJob(site) {
  const spec = {
    start: [site.url],
    stages: [{ name: 'page', follow: [{ stage: 'page' }], fields: TEN_FIELDS }],
  };
  const file = join(mkdtempSync(join(tmpdir(), 'spoor-bench-job-')), 'job.json');
  writeFileSync(file, JSON.stringify(spec));
  return ['--job', file];
}

const KINDS = {
  off: { name: 'bodies not kept', args: (site) => [site.url, ...IMPOLITE, '--bodies', 'none'] },
  on: { name: 'bodies kept', args: (site) => [site.url, ...IMPOLITE] },
  fields: {
    name: '10 fields by CSS selector, bodies not kept',
    args: (site) => [...fieldsJob(site), ...IMPOLITE, '--bodies', 'none'],
  },
};

export async function run({ pages, runs, profile, kinds = Object.keys(KINDS), say }) {
  const sites = [];
  /** Of each kind and size, what its runs took. */
  const results = new Map(pages.flatMap((count) => kinds.map((kind) => [`${kind} ${count}`, []])));
  try {
    for (const count of pages) sites.push(await startSite(count));
    // One of each kind and size after another, so that a busy minute of the machine meets all of them.
    for (let i = 0; i < runs; i += 1)
      for (const site of sites)
        for (const kind of kinds) {
          const measured = await crawlSite(site, KINDS[kind].args(site), { profile });
          results.get(`${kind} ${site.pages}`).push(measured);
          say(told(site.pages, kind, measured));
        }
  } finally {
    for (const site of sites) site.close();
  }
  return [
    ...pages.flatMap((count) =>
      kinds.flatMap((kind) => rowsOf(count, kind, results.get(`${kind} ${count}`))),
    ),
    ...kinds.flatMap((kind) => growth(kind, (count) => results.get(`${kind} ${count}`))),
  ];
}

function told(count, kind, { cpuS, wallS, parts }) {
  const each = Object.entries(parts).map(
    ([name, { cpu, rss }]) => `${name} ${cpu.toFixed(1)} s ${Math.round(rss)} MB`,
  );
  return `${count} pages, ${KINDS[kind].name}: ${((cpuS / count) * 1000).toFixed(2)} CPU s per 1,000, ${Math.round(count / wallS)} pages/s (${each.join(', ')})`;
}

function rowsOf(count, kind, all) {
  const name = `${count.toLocaleString('en')} pages, ${KINDS[kind].name}`;
  const of = (figure, unit, value) => row(figure, unit, all.map(value));
  return [
    of(name, 'CPU s per 1,000 pages', ({ cpuS }) => (cpuS / count) * 1000),
    of(`${name}: speed`, 'pages/s', ({ wallS }) => count / wallS),
    of(`${name}: all node processes`, 'MB', ({ nodeMb }) => nodeMb),
  ];
}

/** What a page costs from 10,000 to 20,000, what it costs from 2,000 to 10,000, and the one over the other. */
function growth(kind, of) {
  const sizes = [2000, 10_000, 20_000];
  if (!sizes.every(of)) return [];
  const [small, middle, large] = sizes.map((count) => of(count).map(({ cpuS }) => cpuS));
  const each = (from, to, count) => (to - from) / count;
  const early = (from, to) => each(from, to, 8000);
  const late = (from, to) => each(from, to, 10_000);
  const ms = (of, from, to) => from.map((_, i) => of(from[i], to[i]) * 1000);
  const name = `marginal page, ${KINDS[kind].name}`;
  const ratios = small.map((_, i) => late(middle[i], large[i]) / early(small[i], middle[i]));
  const ratio = late(median(middle), median(large)) / early(median(small), median(middle));
  return [
    row(`${name}, 2,000 to 10,000`, 'CPU ms', ms(early, small, middle)),
    row(`${name}, 10,000 to 20,000`, 'CPU ms', ms(late, middle, large)),
    // Differences swing more than what they are differences of: the figure is that of the medians, the range that of the runs.
    { ...row(`${name}, the later over the earlier`, '×', ratios), median: ratio },
  ];
}
