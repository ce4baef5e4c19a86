import { parseUrl } from '#libs/events';
import { existsSync, readFileSync } from 'node:fs';
import { isPublicAddress, literalOf, normalHost } from './address.js';

describe('public addresses', () => {
  it.each(['8.8.8.8', '100.128.0.1', '198.20.0.0', '2606:4700:4700::1111', '::ffff:1.1.1.1'])(
    '%s is',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254', '172.16.0.1'],
    ...['192.0.0.1', '192.0.2.1', '192.88.99.1', '192.168.1.1', '198.18.0.1', '198.51.100.1', '203.0.113.1'],
    ...['224.0.0.1', '240.0.0.1', '255.255.255.255', '168.63.129.16'],
    ...[
      '::',
      '::1',
      '::127.0.0.1',
      '::8.8.8.8',
      '::ffff:127.0.0.1',
      '::ffff:169.254.169.254',
      '::ffff:0:8.8.8.8',
    ],
    ...[
      '64:ff9b::8.8.8.8',
      '64:ff9b:1::1',
      '100::1',
      '2001::1',
      '2001:db8::1',
      '2002:7f00:1::',
      '2002:808:808::',
    ],
    ...['3fff::1', '5f00::1', 'fc00::1', 'fd00:ec2::254', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1'],
    ...['', 'localhost', 'example.com', '1.2.3', 'not an address'],
  ])('%s is not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each([
    ['EXAMPLE.com.', 'example.com'],
    ['[::FFFF:127.0.0.1]', '127.0.0.1'],
    ['[0:0::1]', '::1'],
  ])('%s is spelled %s', (host, normal) => {
    expect(normalHost(host)).toBe(normal);
  });
});

const FILE = '../shared/conformance/ssrf.json';
interface Case {
  id: string;
  kind: string;
  url: string;
  expect: 'blocked' | 'allowed';
  literal_verdict?: string;
}
const cases: Case[] = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as { cases: Case[] }).cases
  : [];
if (cases.length === 0) console.info(`skipped: no conformance cases at ${FILE}`);

(cases.length > 0 ? it : it.skip)('judges every literal of the conformance cases (without a packet)', () => {
  const literals = cases.filter(
    ({ literal_verdict, url }) =>
      ['blocked', 'allowed'].includes(literal_verdict ?? '') && parseUrl(url) !== null,
  );
  const wrong = literals.filter((c) => {
    const literal = literalOf(new URL(c.url).hostname);
    return (literal !== null && isPublicAddress(literal)) !== (c.literal_verdict === 'allowed');
  });
  expect(wrong.map((c) => `${c.id} ${c.url}`)).toEqual([]);
  expect(literals.length).toBeGreaterThan(50);
});
