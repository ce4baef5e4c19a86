import { existsSync, readFileSync } from 'node:fs';
import { canonicalUrl, parseUrl } from '#libs/events';
import { LinkResolver } from './resolver.js';

/** Deterministic, so that a failure can be seen again. */
function random(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const PIECES =
  'a b 1 Z _ - . .. ... ~ / // \\ ? & = + # : @ % %2f %e4 %2e %2E%2e ; , ! * ( \' " < > [ ] ^ ` { | } http: https: //h.test //H.test:80 h.test www.x.de ä é 漢 \u00a0 \t \n \r \0 javascript: mailto: data: index.html'.split(
    ' ',
  );
const BASES = [
  'http://h.test/',
  'http://h.test/a/b/c.html?x=1',
  'https://h.test:8443/d/',
  'http://h.test/a/%C3%A4/x?y=/z/',
  'http://[2001:db8::1]/p/q',
];

describe('links to canonical URLs', () => {
  it('gives what the URL parser gives, for 200,000 links made of odd pieces', () => {
    const pick = random(7);
    for (let i = 0; i < 200_000; i++) {
      const base = BASES[pick(BASES.length)]!;
      const parts = Array.from({ length: 1 + pick(7) }, () => PIECES[pick(PIECES.length)]!);
      const href = (pick(3) === 0 ? '/' : '') + parts.join('');
      const found = new LinkResolver(base).resolve(href);
      if (found !== canonicalUrl(href, base))
        throw new Error(`${JSON.stringify(href)} on ${base}: ${found}, not ${canonicalUrl(href, base)}`);
    }
  });

  it.each([8180, 8192, 8200])('keeps to the length limit at %i characters', (length) => {
    const base = 'http://h.test/dir/';
    for (const prefix of ['/', '', base]) {
      const href = prefix + 'a'.repeat(length - prefix.length);
      expect(new LinkResolver(base).resolve(href)).toBe(canonicalUrl(href, base));
    }
  });

  it('takes no longer for a link that almost matches', () => {
    const resolver = new LinkResolver('http://h.test/');
    expect(resolver.resolve(`/${'a/'.repeat(4000)}"`)).toContain('%22');
  });
});

const FILE = '../shared/conformance/urls.json';
interface Case {
  id: string;
  input: string;
  base: string | null;
  failure?: boolean;
  href?: string;
  username?: string;
  password?: string;
}
const cases: Case[] = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as { cases: Case[] }).cases
  : [];
if (cases.length === 0) console.info(`skipped: no conformance cases at ${FILE}`);

/** The suite's URL as this engine spells it: no fragment, no credentials, escapes in upper case. */
function expected(c: Case): string | null {
  if (c.failure || c.username || c.password || !/^https?:/.test(c.href ?? '')) return null;
  return c.href!.split('#', 1)[0]!.replace(/%[0-9a-f]{2}/gi, (e) => e.toUpperCase());
}

/** Names that are no punycode: Node 20 refuses them, the parser of Node 24 takes them as they stand. They lead nowhere. */
const LENIENT = new Set(['url-0186', 'url-0187', 'url-0425']);
const isLenient = (c: Case): boolean => LENIENT.has(c.id) && parseUrl(c.input, c.base ?? undefined) !== null;

describe('URL conformance', () => {
  (cases.length > 0 ? it : it.skip)('agrees with every case', () => {
    // The resolver's base is a page that was fetched, so a canonical URL.
    const found = (c: Case) => {
      const base = c.base === null ? null : canonicalUrl(c.base);
      return base === null
        ? canonicalUrl(c.input, c.base ?? undefined)
        : new LinkResolver(base).resolve(c.input);
    };
    for (const c of cases.filter(isLenient)) console.info(`skipped: ${c.id}: this Node takes ${c.input}`);
    const wrong = cases.filter((c) => !isLenient(c) && found(c) !== expected(c));
    expect(wrong.map((c) => `${c.id} ${c.input}: ${found(c)}, not ${expected(c)}`)).toEqual([]);
  });
});
