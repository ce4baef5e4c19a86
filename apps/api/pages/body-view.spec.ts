import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { BodyRef } from '#libs/events';
import { shownAs, showBody } from './body-view.js';

const PAGE = Buffer.from('<script>alert(1)</script><p>text</p>');

async function shown(contentType: string | null, asSource = false, charset: string | null = 'utf-8') {
  const body: BodyRef = { sha256: 'ab'.repeat(32), storedBytes: 1, encoding: 'gzip', contentType };
  const server = createServer((_, response) => {
    void showBody(response, gzipSync(PAGE), body, { asSource, charset, maxBytes: 1e6 });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return { header: (name: string) => response.headers.get(name), text: await response.text() };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test.each([
  ['text/html; charset=latin1', 'text/html; charset=utf-8'],
  ['application/json', 'text/plain; charset=utf-8'],
  ['application/xhtml+xml', 'text/plain; charset=utf-8'],
  ['text/css', 'text/plain; charset=utf-8'],
  ['image/png', 'image/png'],
])(
  'given a body of type %s, then it is shown as %s, without scripts, network and origin',
  async (type, as) => {
    const { header, text } = await shown(type);
    expect(text).toBe(PAGE.toString());
    expect(header('content-type')).toBe(as);
    expect(header('content-disposition')).toBeNull();
    expect(header('x-content-type-options')).toBe('nosniff');
    const policy = header('content-security-policy')!;
    expect(policy).toMatch(/^sandbox; default-src 'none';/);
    expect(policy).not.toMatch(/allow-|script-src|https?:/);
  },
);

test('given the source of a page, then it is plain text', async () =>
  expect((await shown('text/html', true)).header('content-type')).toBe('text/plain; charset=utf-8'));

test('given a charset that could end the header, then it is not in there', async () =>
  expect((await shown('text/html', false, 'x\r\ny')).header('content-type')).toBe(
    'text/html; charset=utf-8',
  ));

test.each(['image/svg+xml', 'application/pdf', 'application/octet-stream', 'nonsense', null])(
  'given a body of type %p, then it is a download',
  async (type) => {
    expect(shownAs(type)).toBe('none');
    expect((await shown(type)).header('content-disposition')).toMatch(/^attachment/);
  },
);
