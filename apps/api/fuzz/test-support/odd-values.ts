import { deflateSync, gzipSync } from 'node:zlib';
import type { Draw } from './draw.js';

/** Nothing here is what a server of ours would say, so that what it says can be told from what it repeats. */
const TEXTS = [
  ...['', ' ', '\0', '\r\nX-Odd: 1', '%0d%0aSet-Cookie:%20a=b', '\ud800', '\u202egnp.exe', '🧨'.repeat(40)],
  ...[
    "' or 1=1 --",
    '"; drop table x; --',
    '$(id)',
    '${7*7}',
    '{{7*7}}',
    '<img src=x onerror=1>',
    '../../../../odd',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'null',
    'NaN',
    '-1',
    '1e309',
    '0x10',
    'true',
    '[]',
    '{}',
    '*',
    '>',
    'a.b.>',
  ],
  ...['a'.repeat(300), 'ü'.repeat(5000), '%', '%zz', '%00', '%ff', '..%2f..%2f', ';', '\\', '\\\\odd\\share'],
];

const HOSTS = [
  ...[
    'localhost',
    '10.0.0.1',
    '[::1]',
    '[::ffff:7f00:1]',
    '0',
    '0x7f.1',
    '169.254.169.254',
    '2130706433',
    '[',
    ']',
  ],
  ...[
    'a..b',
    '-',
    '.',
    'xn--',
    'xn--a',
    'ⓛⓞⓒⓐⓛ',
    'a b',
    'odd.invalid',
    `${'a.'.repeat(120)}invalid`,
    '%31%30.1',
    '',
  ],
];

export const oddText = (draw: Draw): string => {
  const text = draw.pick(TEXTS);
  return draw.chance(0.2) ? text + oddText(draw) : text;
};

/** @param site one that answers, in odd ways; all other hosts are private or do not exist */
export function oddUrl(draw: Draw, site: string, pages: readonly string[]): string {
  if (draw.chance(0.55)) return `${site}${draw.pick(pages)}${draw.chance(0.7) ? `?${draw.int(0, 1e9)}` : ''}`;
  // Where there is no name to be looked up most of the time: the resolver is not what is tested.
  const host = draw.pick(draw.chance(0.03) ? HOSTS : HOSTS.filter((one) => !one.endsWith('invalid')));
  const scheme = draw.pick([
    'http://',
    'http://',
    'https://',
    'HTTP://',
    'ftp://',
    'file://',
    'javascript:',
    '//',
    '',
  ]);
  const user = draw.pick(['', '', '', '', '@', 'u:p@', 'u@', ':@']);
  const port = draw.pick(['', '', '', ':0', ':80', ':65536', ':-1', ':a', ':8080:80']);
  const path = draw.pick([
    '',
    '/',
    `/${oddText(draw)}`,
    `?${oddText(draw)}`,
    `#${oddText(draw)}`,
    `/${'x'.repeat(draw.int(1900, 2100))}`,
  ]);
  return scheme + user + host + port + path;
}

/** Any JSON value. */
export function oddValue(draw: Draw, depth = 0): unknown {
  const kind = draw.int(0, depth > 3 ? 5 : 7);
  if (kind <= 1) return oddText(draw);
  if (kind === 2) return draw.pick([0, -1, 1.5, 1e308, -0, 2 ** 53, 1e-320]);
  if (kind === 3) return draw.chance(0.5);
  if (kind === 4) return null;
  if (kind === 5) return draw.pick<unknown>([[], {}, [[]], { toString: 1 }, { length: -1 }, { toJSON: {} }]);
  if (kind === 6) return Array.from({ length: draw.int(0, 4) }, () => oddValue(draw, depth + 1));
  return Object.fromEntries(
    Array.from({ length: draw.int(0, 4) }, () => [oddText(draw), oddValue(draw, depth + 1)]),
  );
}

export interface OddBody {
  bytes: Buffer;
  headers: Record<string, string>;
}

/** A body as it should be, most of the time; else one that is broken in its form, its coding, its type or its length. */
export function oddBody(draw: Draw, value: unknown): OddBody {
  const json = Buffer.from(JSON.stringify(value) ?? '');
  const plain = { 'content-type': 'application/json' };
  if (draw.chance(0.8)) return { bytes: json, headers: plain };
  switch (draw.int(0, 9)) {
    case 0:
      return { bytes: json.subarray(0, draw.int(0, json.length)), headers: plain };
    case 1:
      return { bytes: Buffer.concat([json, Buffer.from([0xff, 0xfe, 0, 0xc3])]), headers: plain };
    case 2:
      return { bytes: Buffer.from('['.repeat(draw.int(60, 50_000))), headers: plain };
    case 3:
      return { bytes: gzipSync(json), headers: { ...plain, 'content-encoding': 'gzip' } };
    case 4:
      return {
        bytes: json,
        headers: { ...plain, 'content-encoding': draw.pick(['gzip', 'br', 'deflate', 'odd']) },
      };
    case 5:
      return { bytes: deflateSync(json), headers: { ...plain, 'content-encoding': 'deflate' } };
    case 6:
      return {
        bytes: json,
        headers: {
          'content-type': draw.pick([
            'text/plain',
            'application/json; charset=utf-7',
            'application/x-www-form-urlencoded',
            'a/b;;=',
            '',
            'multipart/form-data',
          ]),
        },
      };
    case 7:
      return { bytes: Buffer.from(`{"url":"http://a.invalid/","url":${json.toString()}}`), headers: plain };
    case 8:
      return {
        bytes: Buffer.from(
          draw.pick(['null', '1', '"x"', '[]', 'true', '\ufeff{}', '{"a":1e999}', 'NaN', '']),
        ),
        headers: plain,
      };
    default:
      return { bytes: Buffer.from(JSON.stringify({ url: 'x'.repeat(draw.int(1e5, 2e6)) })), headers: plain };
  }
}

/** Headers that a client may send whatever they hold. */
export function oddHeaders(draw: Draw): Record<string, string> {
  const latin = (text: string): string => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '');
  const headers: Record<string, string> = {};
  const maybe = (name: string, share: number, value: () => string): void => {
    if (draw.chance(share)) headers[name] = latin(value());
  };
  maybe('accept', 0.4, () =>
    draw.pick(['application/problem+json', 'text/html', '*/*', ';q=2', 'a', oddText(draw)]),
  );
  maybe('traceparent', 0.1, () =>
    draw.pick(['00-0-0-0', `00-${'f'.repeat(32)}-${'0'.repeat(16)}-01`, oddText(draw)]),
  );
  maybe('idempotency-key', 0.1, () => oddText(draw));
  maybe('host', 0.03, () => draw.pick(['evil.invalid', 'localhost:99999', '[::1]', oddText(draw)]));
  maybe('if-none-match', 0.05, () => oddText(draw));
  maybe('last-event-id', 0.05, () => oddText(draw));
  maybe('range', 0.05, () => draw.pick(['bytes=0-1', 'bytes=-', oddText(draw)]));
  maybe('origin', 0.05, () => draw.pick(['http://evil.invalid', 'null', oddText(draw)]));
  return headers;
}
