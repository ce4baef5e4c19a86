import { gunzipSync } from 'node:zlib';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import * as cheerio from 'cheerio';
import type { Element } from 'domhandler';
import iconv from 'iconv-lite';
import { canonicalUrl, jobSpec, type FieldRule } from '#libs/events';
import { sampleJob, sampleSiteTruth, startSampleSite, type SampleSite } from './index.js';

const SLOW = 60_000;
let site: SampleSite;
beforeEach(async () => void (site = await startSampleSite()));
afterEach(() => site.close());

interface Seen {
  status: number;
  finalPath: string | null;
  hops: number[];
  contentType: string | null;
  title: string | null;
  links: string[];
  items: Record<string, unknown>[];
}

const decode = (bytes: Buffer, type: string): string => {
  const head = bytes.subarray(0, 1024).toString('latin1');
  return iconv.decode(
    bytes,
    (/charset=([\w-]+)/.exec(type) ?? /charset="([\w-]+)"/.exec(head))?.[1] ?? 'utf-8',
  );
};

async function open(path: string): Promise<Seen> {
  const hops: number[] = [];
  const visited = new Set<string>();
  for (let url = new URL(path, site.url); ;) {
    const response = await fetch(url, { redirect: 'manual' });
    const location = response.headers.get('location');
    const contentType = response.headers.get('content-type');
    const bytes = Buffer.from(await response.arrayBuffer());
    if (location === null) {
      const finalPath = url.pathname + url.search;
      const isHtml = contentType?.startsWith('text/html') ?? false;
      const $ = cheerio.load(isHtml ? decode(bytes, contentType ?? '') : '');
      const links = $('a[href]')
        .toArray()
        .map((a) => canonicalUrl($(a).attr('href') ?? '', url.href))
        .filter((link) => link !== null && link.startsWith(`${site.url}/`))
        .map((link) => String(link).slice(site.url.length));
      const title = isHtml ? $('title').first().text() : null;
      return {
        status: response.status,
        finalPath,
        hops,
        contentType,
        title,
        links,
        items: isHtml ? itemsOf($, path) : [],
      };
    }
    hops.push(response.status);
    visited.add(url.href);
    url = new URL(location, url);
    if (visited.has(url.href))
      return { status: 310, finalPath: null, hops, contentType: null, title: null, links: [], items: [] };
  }
}

const stages = jobSpec.parse(sampleJob('http://site.invalid')).stages;
const pathsOfStages: Record<string, string[]> = sampleSiteTruth().stages;

/** The field rules in their plainest reading, so that truth and sample job are checked against each other. */
function extract($: cheerio.CheerioAPI, within: cheerio.Cheerio<Element>, fields: Record<string, FieldRule>) {
  const value = (rule: FieldRule, found: Element): unknown =>
    rule.fields ? extract($, $(found), rule.fields) : rule.attr ? $(found).attr(rule.attr) : $(found).text();
  const entries = Object.entries(fields).map(([name, rule]): [string, unknown] => {
    const values = within
      .find(rule.selector)
      .toArray()
      .map((found) => value(rule, found));
    return [name, rule.list ? values : values[0]];
  });
  return Object.fromEntries(entries);
}

function itemsOf($: cheerio.CheerioAPI, path: string): Record<string, unknown>[] {
  const stage = stages.find(({ name }) => pathsOfStages[name]?.includes(path));
  if (!stage) return [];
  const roots =
    stage.items === undefined
      ? [$('html')]
      : $<Element, string>(stage.items)
          .toArray()
          .map((root) => $(root));
  return roots.map((root) => extract($, root, stage.fields));
}

async function crawl(): Promise<Map<string, Seen>> {
  const seen = new Map<string, Seen>();
  const known = new Set(['/']);
  const queue = [...known];
  while (queue.length > 0) {
    await Promise.all(
      queue.splice(0, 16).map(async (path) => {
        let result = await open(path);
        if (result.status === 500) result = await open(path);
        seen.set(path, result);
        for (const link of result.links) if (!known.has(link)) queue.push(known.add(link) && link);
      }),
    );
  }
  return seen;
}

test(
  'given the site, when every link is followed from the home page, then exactly the true pages are found',
  async () => {
    const truth = sampleSiteTruth();
    const seen = await crawl();
    const found = [...seen].map(([path, { status, finalPath, hops, contentType, title }]) => ({
      path,
      status,
      finalPath,
      hops,
      contentType,
      title,
    }));
    const expected = truth.pages.map(({ path, status, finalPath, hops, contentType, title }) => ({
      path,
      status,
      finalPath,
      hops,
      contentType,
      title,
    }));
    const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);
    expect(found.sort(byPath)).toEqual(expected.sort(byPath));
    const extracted = Object.fromEntries(
      Object.keys(truth.items).map((path) => [path, seen.get(path)?.items]),
    );
    expect(extracted).toEqual(truth.items);
    const failedFirst = site.accessLog().filter((access) => access.status === 500);
    expect(failedFirst.map((access) => access.path).sort()).toEqual([...truth.flaky].sort());
  },
  SLOW,
);

test('given the truth, then it holds one of everything that a crawler must bear', () => {
  const truth = sampleSiteTruth();
  expect(truth.companies).toHaveLength(300);
  expect(truth.notFound).toHaveLength(7);
  expect(truth.redirects.map((r) => r.hops)).toEqual([[301], [301, 302, 308], [301], [301, 302, 308]]);
  expect(truth.loops).toHaveLength(1);
  expect(truth.flaky).toHaveLength(3);
  expect(truth.slow).toHaveLength(2);
  expect(truth.disallowed).toHaveLength(4);
  expect(truth.otherCharsets.map((p) => p.charset)).toEqual([
    'windows-1252',
    'shift_jis',
    'windows-1252',
    'shift_jis',
    'windows-1252',
  ]);
  expect(truth.stages.stage3_financials).toHaveLength(295);
});

test('given a page, when gzip is accepted, then the same bytes come compressed, and pages have a realistic size', async () => {
  const path = '/companies?page=3';
  const get = (encoding: string) =>
    new Promise<{ encoding: string | undefined; body: Buffer }>((resolve, reject) => {
      const asked = request(
        `${site.url}${path}`,
        { headers: { 'accept-encoding': encoding } },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            resolve({ encoding: response.headers['content-encoding'], body: Buffer.concat(chunks) }),
          );
        },
      );
      asked.on('error', reject).end();
    });
  const [plain, packed] = [await get('identity'), await get('gzip, br')];
  expect([plain.encoding, packed.encoding]).toEqual([undefined, 'gzip']);
  expect(gunzipSync(packed.body).equals(plain.body)).toBe(true);
  for (const path of ['/companies?page=1', '/directory/2', '/', sampleSiteTruth().companies[1]!.path]) {
    const { length } = await (await fetch(site.url + path)).text();
    expect(length).toBeGreaterThan(8_000);
    expect(length).toBeLessThan(40_000);
  }
});

test('given robots.txt, then its rules and the truth say the same, and one group asks for a delay', async () => {
  const text = await (await fetch(`${site.url}/robots.txt`)).text();
  const rulesOf = (agent: string): string => {
    const groups = text.split('\n\n').map((group) => group.replace(/^#.*\n/gm, ''));
    return groups.find((group) => group.toLowerCase().includes(`user-agent: ${agent}\n`)) ?? '';
  };
  const rules = [...rulesOf('*').matchAll(/^(Disallow|Allow): (\S+)$/gm)].map(([, verb, path]) => ({
    verb,
    path,
  }));
  const isAllowed = (path: string): boolean => {
    const matching = rules.filter((rule) => path.startsWith(rule.path ?? ''));
    matching.sort((a, b) => (b.path?.length ?? 0) - (a.path?.length ?? 0));
    return matching[0]?.verb !== 'Disallow';
  };
  const truth = sampleSiteTruth();
  expect(truth.pages.filter((page) => !isAllowed(page.path)).map((page) => page.path)).toEqual(
    truth.disallowed,
  );
  expect(rulesOf('*')).not.toContain('Crawl-delay');
  expect(rulesOf('slowbot')).toContain('Crawl-delay: 1\n');
});

test('given two servers, when a page is read from both, then it is the same text', async () => {
  const other = await startSampleSite();
  try {
    const path = '/companies/amber-logistics-2';
    const [a, b] = await Promise.all([site, other].map(async (s) => (await fetch(s.url + path)).text()));
    expect(a).toBe(b);
  } finally {
    await other.close();
  }
});

test('given the sample job, then it is a valid spec, and the one in examples/ is the same', async () => {
  const parsed = jobSpec.parse(sampleJob('http://127.0.0.1:8090'));
  expect(parsed.stages.map((stage) => stage.name)).toEqual(Object.keys(sampleSiteTruth().stages));
  const example: unknown = JSON.parse(await readFile('examples/sample-job.json', 'utf8'));
  expect(example).toEqual(sampleJob('http://127.0.0.1:8090'));
});
