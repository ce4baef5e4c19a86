// CPU per page of whole crawls, all processes counted, start and stop included.
import { join } from 'node:path';
import { crawlSite, IMPOLITE } from '../lib/spoor.mjs';
import { startSite } from '../lib/site.mjs';
import { row } from '../lib/stats.mjs';
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
  const rows = [];
  const perSite = new Map();
  for (const count of pages) {
    const site = await startSite(count);
    try {
      // One of each kind after another, so that a busy minute of the machine meets all of them.
      const results = new Map(kinds.map((kind) => [kind, []]));
      for (let i = 0; i < runs; i += 1)
        for (const kind of kinds) {
          const measured = await crawlSite(site, KINDS[kind].args(site), { profile });
          results.get(kind).push(measured);
          const parts = Object.entries(measured.parts).map(
            ([name, { cpu, rss }]) => `${name} ${cpu.toFixed(1)} s ${Math.round(rss)} MB`,
          );
          say(
            `${count} pages, ${KINDS[kind].name}: ${((measured.cpuS / count) * 1000).toFixed(2)} CPU s per 1,000, ${Math.round(count / measured.wallS)} pages/s (${parts.join(', ')})`,
          );
        }
      for (const [kind, all] of results) {
        const name = `${count.toLocaleString('en')} pages, ${KINDS[kind].name}`;
        rows.push(
          row(
            name,
            'CPU s per 1,000 pages',
            all.map(({ cpuS }) => (cpuS / count) * 1000),
          ),
        );
        rows.push(
          row(
            `${name}: speed`,
            'pages/s',
            all.map(({ wallS }) => count / wallS),
          ),
        );
        rows.push(
          row(
            `${name}: all node processes`,
            'MB',
            all.map(({ nodeMb }) => nodeMb),
          ),
        );
        perSite.set(
          `${kind} ${count}`,
          all.map(({ cpuS }) => cpuS),
        );
      }
    } finally {
      site.close();
    }
  }
  return [...rows, ...growth(perSite)];
}

/** What a page costs from 10,000 to 20,000 over what it costs from 2,000 to 10,000. */
function growth(cpu) {
  const rows = [];
  for (const kind of Object.keys(KINDS)) {
    const [small, middle, large] = [2000, 10_000, 20_000].map((count) => cpu.get(`${kind} ${count}`));
    if (!small || !middle || !large) continue;
    const ratios = small.map((_, i) => (large[i] - middle[i]) / 10_000 / ((middle[i] - small[i]) / 8000));
    rows.push(row(`marginal page, 10,000 to 20,000 over 2,000 to 10,000, ${KINDS[kind].name}`, '×', ratios));
  }
  return rows;
}
