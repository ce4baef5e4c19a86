import type { FailureCode } from '#libs/failures';
import type { Random } from './random.js';

export interface SitePage {
  url: string;
  links: string[];
  /** What each request gets in turn; the last one stays. A number is a status, a text a code of the failure table. */
  answers: (number | FailureCode)[];
  /** ms until the answer. */
  takes: number;
  robots: 'allowed' | 'disallowed' | 'unreachable-once';
  /** Its content kills whoever reads it. */
  killer: boolean;
}

export interface Site {
  pages: Map<string, SitePage>;
  start: string[];
}

const FAILING: (number | FailureCode)[][] = [
  [404],
  [503, 200],
  [503, 503, 200],
  [503],
  [429, 200],
  ['timeout', 200],
  ['connection_reset', 'connection_reset', 200],
  ['dns_error'],
  ['tls_error'],
];

/** A site of `count` pages on hosts of its own, all of them linked from the first one on. */
export function drawSite(random: Random, name: string, count: number): Site {
  const hosts = random.chance(0.7) ? [`${name}.test`] : [`${name}.test`, `${name}.other.test`];
  const failing = random.chance(0.7) ? random.between(0, 0.4) : 0;
  const slow = random.chance(0.3) ? random.between(0, 0.3) : 0;
  const forbidding = random.chance(0.3) ? 0.15 : 0;
  const killing = random.chance(0.15) ? 1 / count : 0;
  const urlOf = (n: number): string => `http://${hosts[n % hosts.length]}/${n}`;
  const pages = new Map<string, SitePage>();
  for (let n = 0; n < count; n++) {
    const robots = random.chance(forbidding)
      ? random.pick(['disallowed', 'unreachable-once'] as const)
      : ('allowed' as const);
    pages.set(urlOf(n), {
      url: urlOf(n),
      links: [],
      answers: n > 0 && random.chance(failing) ? random.pick(FAILING) : [200],
      takes: random.chance(slow) ? random.between(500, 20_000) : random.skewed(1, 200),
      robots: n === 0 ? 'allowed' : robots,
      killer: n > 0 && random.chance(killing),
    });
  }
  for (let n = 1; n < count; n++) {
    const parent = random.chance(0.6) ? 0 : random.int(0, n - 1);
    pages.get(urlOf(parent))!.links.push(urlOf(n));
    if (random.chance(0.4)) pages.get(urlOf(n))!.links.push(urlOf(random.int(0, count - 1)));
  }
  return { pages, start: [urlOf(0), ...(random.chance(0.3) ? [urlOf(count - 1)] : [])] };
}
