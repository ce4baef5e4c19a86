import type { JobSpecInput } from '#libs/events';
import type { Random } from './random.js';
import { drawSite, type Site } from './site.js';

export interface SimulatedJob {
  jobId: string;
  spec: JobSpecInput;
  site: Site;
}

/** One to three jobs of one shard, small and different; some crawl the same site. */
export function drawJobs(random: Random): SimulatedJob[] {
  const count = random.pick([1, 1, 1, 2, 3]);
  const jobs: SimulatedJob[] = [];
  for (let n = 0; n < count; n++) {
    const other = jobs.length > 0 && random.chance(0.4) ? random.pick(jobs) : null;
    const site =
      other?.site ?? drawSite(random, `site${n}`, Math.round(random.rather(5, count === 1 ? 40 : 16)));
    const spec = drawSpec(random, site);
    // Whether a site is reached through a proxy is a thing of the site here.
    if (other) spec.proxy = other.spec.proxy;
    jobs.push({ jobId: `0-simulated${n}`, site, spec });
  }
  return jobs;
}

function drawSpec(random: Random, site: Site): JobSpecInput {
  const hosts = [...new Set([...site.pages.keys()].map((url) => new URL(url).host))];
  const urls = [...site.pages.keys()];
  return {
    start: site.start,
    scope: {
      hosts,
      ...(random.chance(0.3) ? { maxPages: random.int(1, site.pages.size + 3) } : {}),
      ...(random.chance(0.1) ? { maxDepth: random.int(1, 4) } : {}),
      ...(random.chance(0.05) ? { maxDurationMs: random.int(1000, 60_000) } : {}),
      ...(random.chance(0.05) ? { maxBytes: random.int(50, 1000) } : {}),
      ...(random.chance(0.1) ? { exclude: [`/${random.int(1, urls.length)}$`] } : {}),
    },
    politeness: {
      concurrency: random.int(1, 40),
      perHost: random.int(1, 20),
      delayMs: random.chance(0.5) ? 0 : random.int(1, 300),
      robots: random.pick(['mark', 'obey'] as const),
    },
    retry: { attempts: random.int(1, 4), baseMs: random.int(10, 1000), maxMs: random.int(1000, 8000) },
    limits: { timeoutMs: random.pick([1000, 15_000, 30_000]) },
    bodies: random.pick(['all', 'none'] as const),
    ...(random.chance(0.3)
      ? { proxy: { url: 'http://proxy.test:8080', tolerance: random.pick([0, 0, 3]) } }
      : {}),
  };
}
