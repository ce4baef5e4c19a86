import { parseUrl } from '#libs/events';
import { existsSync, readFileSync } from 'node:fs';
import { decidingRule, groupFor, parseRobots, productToken } from './rules.js';

const FILE = '../shared/conformance/robots.json';

interface Case {
  id: string;
  kind: string;
  robots: string;
  agent: string;
  url: string;
  allowed: boolean;
  crawl_delay: number | null;
}

const cases: Case[] = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as { cases: Case[] }).cases
  : [];
if (cases.length === 0) console.info(`skipped: no conformance cases at ${FILE}`);

function allowed({ robots, agent, url }: Case): boolean {
  const group = groupFor(parseRobots(robots), productToken(agent));
  const parsed = parseUrl(url, 'http://relative.test/');
  if (parsed === null) return true;
  const { pathname, search } = parsed;
  return !group || (decidingRule(group, pathname + search)?.allow ?? true);
}

const wrong = (kind: string): string[] =>
  cases.filter((c) => c.kind === kind && allowed(c) !== c.allowed).map((c) => c.id);

describe('robots conformance', () => {
  const test = cases.length > 0 ? it : it.skip;

  test('agrees with every core case', () => {
    expect(wrong('core')).toEqual([]);
  });

  test('reads every crawl-delay', () => {
    const misread = cases
      .filter((c) => c.kind === 'crawl_delay')
      .filter((c) => {
        const ms = groupFor(parseRobots(c.robots), productToken(c.agent))?.crawlDelayMs ?? null;
        return ms !== (c.crawl_delay === null ? null : c.crawl_delay * 1000);
      });
    expect(misread.map((c) => c.id)).toEqual([]);
  });

  test('reports where others differ', () => {
    for (const kind of ['google-extension', 'google-unencoded-url', 'divergent'])
      console.info(`robots ${kind}: ${wrong(kind).length} differ ${wrong(kind).join(' ')}`);
  });
});
