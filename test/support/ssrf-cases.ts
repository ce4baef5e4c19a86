import { existsSync, readFileSync } from 'node:fs';
import ipaddr from 'ipaddr.js';

export interface Case {
  id: string;
  kind: string;
  url: string;
  expect: 'blocked' | 'allowed';
  dns?: Record<string, string[]>;
  dns_sequence?: Record<string, string[][]>;
  never_connect?: string[];
  redirect?: { status: number; location: string }[];
  allow_private?: string[];
  /** `operator`: one that the engine's owner has named; else the URL of a caller's. */
  proxy?: string;
}

/** What the canaries saw, as `address port`: with the guard, and with every target allowed. */
export interface Result {
  id: string;
  outcomes: string[];
  seen: string[];
  unguarded: string[];
  unguardedOutcomes: string[];
}

const shop = { dns: { 'shop.test': ['10.0.0.5'] }, allow_private: ['shop.test:8080'] };
const printer = { allow_private: ['10.0.0.5:8080', '[fd00::5]:8080'] };
export const own: Case[] = [
  ['http://localhost./', { dns: { 'localhost.': ['127.0.0.1'] } }],
  ['http://127.0.0.1./'],
  ['http://[fe80::1%25lo]/'],
  ['http://zone.test/', { dns: { 'zone.test': ['fe80::1%lo'] } }],
  ['http://mapped.test/', { dns: { 'mapped.test': ['::ffff:10.0.0.1'] } }],
  ['http://compatible.test/', { dns: { 'compatible.test': ['::10.0.0.1'] } }],
  ['http://teredo.test/', { dns: { 'teredo.test': ['2001:0:5db8:d70e:0:0:f5ff:fffe'] } }],
  ['http://10.0.0.5/', printer],
  ['http://10.0.0.5:1338/', printer],
  ['http://10.0.0.6:8080/', printer],
  ['http://[fd00::5]/', printer],
  ['http://[fd00::6]:8080/', printer],
  ['http://shop.test/', shop],
  ['http://10.0.0.5:8080/', shop],
  ['https://mapped.test/', { dns: { 'mapped.test': ['::ffff:10.0.0.1'] }, proxy: 'operator' }],
  ['http://public.test/', { dns: { 'proxy.test': ['10.0.0.9'] }, proxy: 'http://proxy.test:3128' }],
  [
    'http://public.test/',
    {
      ...{ dns: { 'public.test': ['93.184.215.14'] }, allow_private: ['10.0.0.5:8080'] },
      redirect: [{ status: 302, location: 'http://10.0.0.5:22/' }],
    },
  ],
].map(
  ([url, more], i) => ({ id: `own-${i}`, kind: 'own', url, expect: 'blocked', ...(more as object) }) as Case,
);
const ownAllowed = [
  ['http://10.0.0.5:8080/', printer],
  ['http://[::ffff:10.0.0.5]:8080/', printer],
  ['http://[fd00:0::5]:8080/', printer],
  ['http://shop.test:8080/', shop],
].map(
  ([url, more], i) =>
    ({ id: `allow-${i}`, kind: 'own', url, expect: 'allowed', ...(more as object) }) as Case,
);

const FILE = '../shared/conformance/ssrf.json';
const external: Case[] = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as { cases: Case[] }).cases
  : [];
if (external.length === 0) console.info(`skipped: no conformance cases at ${FILE}`);
const skippedKinds: Record<string, string> = {
  'browser-subrequest': 'these are tried with a browser, in browser-egress.spec.ts',
};
for (const [kind, reason] of Object.entries(skippedKinds)) {
  const ids = external.filter((c) => c.kind === kind).map((c) => c.id);
  if (ids.length > 0) console.info(`skipped ${kind} (${ids.join(' ')}): ${reason}`);
}
export const cases = [...external.filter((c) => !(c.kind in skippedKinds)), ...own, ...ownAllowed];

/** The hosts of the cases that are meant to be public; not by our own rules, which are what is tested. */
const PUBLIC = ['93.184.215.14', '151.101.1.69', '2606:4700:4700::1111'];
/** Nothing answers TCP there, guard or no guard. */
const UNREACHABLE = ['127.255.255.255', '255.255.255.255', '224.0.0.1', '239.255.255.250', '[ff02::2]'];

const addressOf = (seen: string): string => seen.slice(0, seen.lastIndexOf(' '));
export const answersOf = ({ dns = {}, dns_sequence = {} }: Case): string[] => [
  ...Object.values(dns).flat(),
  ...Object.values(dns_sequence).flat(2),
];

/** What is wrong, by the connections that were seen alone; null when nothing is. */
export function fault(testCase: Case, { seen, outcomes }: Result): string | null {
  const may = answersOf(testCase).filter((address) => PUBLIC.includes(address));
  const addresses = seen.map(addressOf);
  if (testCase.expect === 'blocked') {
    const wrong = addresses.filter((ip) => !may.includes(ip) || testCase.never_connect?.includes(ip));
    return wrong.length > 0 ? `reached ${wrong.join(', ')}` : null;
  }
  const { hostname } = new URL(testCase.url);
  const literal = hostname.replace(/[[\]]/g, '');
  const wanted = ipaddr.isValid(literal) ? [ipaddr.process(literal).toString()] : testCase.dns![hostname]!;
  if (testCase.redirect) wanted.push(testCase.dns![new URL(testCase.redirect[0]!.location).hostname]![0]!);
  const missed = wanted.filter((ip) => !addresses.includes(ip));
  if (missed.length > 0) return `did not reach ${missed.join(', ')}`;
  return outcomes.every((outcome) => outcome === '200') ? null : `outcome ${outcomes.join()}`;
}

/** Whether a case could have reached what it must not: a URL that no client takes cannot, nor can one to an unreachable place. */
export function isArmed({ kind, url, redirect, proxy }: Case): boolean {
  if (proxy?.startsWith('socks')) return false;
  if (!URL.canParse(url) || redirect?.some(({ location }) => location.startsWith('file:'))) return false;
  const { protocol, username, hostname } = new URL(url);
  return (
    /^https?:$/.test(protocol) && username === '' && !UNREACHABLE.includes(hostname) && kind !== 'dns-mixed'
  );
}
