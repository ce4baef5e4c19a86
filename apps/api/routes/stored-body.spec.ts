import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { BodyRef } from '#libs/events';
import { sendBody } from './stored-body.js';

const PLAIN = Buffer.from('<script>alert(1)</script>'.repeat(1000));

async function served(stored: Buffer, ref: Partial<BodyRef>, maxBytes = 1e6, method = 'GET') {
  const body: BodyRef = {
    ...{
      sha256: 'ab'.repeat(32),
      storedBytes: stored.length,
      encoding: 'identity',
      contentType: 'text/html',
    },
    ...ref,
  };
  const server = createServer((_, response) => void sendBody(response, stored, body, maxBytes));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const response = await fetch(url, { method });
    return { headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test.each<[string, BodyRef['encoding'], Buffer]>([
  ['plain', 'identity', PLAIN],
  ['gzip', 'gzip', gzipSync(PLAIN)],
  ['brotli', 'br', brotliCompressSync(PLAIN)],
  ['deflate with a header', 'deflate', deflateSync(PLAIN)],
  ['deflate without one', 'deflate', deflateRawSync(PLAIN)],
])('%s comes decoded, as a file that no browser shows', async (_, encoding, stored) => {
  const { headers, bytes } = await served(stored, { encoding });
  expect(bytes.equals(PLAIN)).toBe(true);
  expect(headers.get('content-disposition')).toBe(`attachment; filename="${'ab'.repeat(8)}.bin"`);
  expect(headers.get('content-security-policy')).toMatch(/^sandbox;/);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('content-encoding')).toBeNull();
});

test('a body that was cut is decoded as far as it goes', async () => {
  const noise = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251));
  const { bytes } = await served(gzipSync(noise).subarray(0, 200), { encoding: 'gzip' });
  expect(bytes.length).toBeGreaterThan(0);
  expect(noise.subarray(0, bytes.length).equals(bytes)).toBe(true);
});

test('what would become longer than the job reads is cut there', async () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  expect((await served(bomb, { encoding: 'gzip' }, 1000)).bytes).toHaveLength(1000);
});

test.each<[string | null, string]>([
  ['text/html; charset=windows-1252', 'text/html; charset=windows-1252'],
  ['text/html\r\nset-cookie: a=b', 'application/octet-stream'],
  ['nonsense', 'application/octet-stream'],
  [null, 'application/octet-stream'],
])('the type %j is told as %s', async (contentType, told) => {
  expect((await served(PLAIN, { contentType })).headers.get('content-type')).toBe(told);
});

test('HEAD tells the headers alone', async () => {
  const { headers, bytes } = await served(gzipSync(PLAIN), { encoding: 'gzip' }, 1e6, 'HEAD');
  expect([headers.get('content-type'), bytes.length]).toEqual(['text/html', 0]);
});
