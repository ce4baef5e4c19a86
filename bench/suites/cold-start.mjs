// `spoor crawl` of a site of ten pages: from nothing running to its exit, servers included.
import { crawlSite, IMPOLITE } from '../lib/spoor.mjs';
import { startSite } from '../lib/site.mjs';
import { row } from '../lib/stats.mjs';

export async function run({ runs, profile, say }) {
  const site = await startSite(10);
  try {
    const all = [];
    for (let i = 0; i < runs; i += 1) {
      const measured = await crawlSite(site, [site.url, ...IMPOLITE], { profile });
      say(`10 pages: ${measured.wallS.toFixed(2)} s, ${measured.cpuS.toFixed(2)} CPU s`);
      all.push(measured);
    }
    return [
      row(
        'crawl of 10 pages, cold start to exit',
        's',
        all.map(({ wallS }) => wallS),
      ),
      row(
        'crawl of 10 pages, CPU',
        's',
        all.map(({ cpuS }) => cpuS),
      ),
    ];
  } finally {
    site.close();
  }
}
