import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { WARCParser, type WARCRecord } from 'warcio';
import type { EventData, StoredEvent } from '#libs/events';
import { History } from '#libs/testing/history';
import { createWarcRecords } from './index.js';

const records = createWarcRecords();
const URL = 'https://a.test/page';
const TEXT = Buffer.from('<h1>Grüße</h1>');

const fetched = (over: Partial<EventData<'PageFetched'>> = {}): StoredEvent<'PageFetched'> =>
  new History().fetched(URL, [], { timing: { startedAt: 1_700_000_000_123, durationMs: 7 }, ...over })
    .last as StoredEvent<'PageFetched'>;
const stored = (raw: Buffer, encoding: 'identity' | 'gzip', truncated = false): object => ({
  body: { sha256: 'x', storedBytes: raw.length, encoding, contentType: 'text/html', truncated },
});

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

interface Read {
  record: WARCRecord;
  text: string;
}
/** As another program reads them. */
async function read(chunks: AsyncIterable<Uint8Array>): Promise<Read[]> {
  const found: Read[] = [];
  for await (const record of new WARCParser([await bytesOf(chunks)]))
    found.push({ record, text: await record.contentText() });
  return found;
}
const header = (one: Read, name: string): string | undefined =>
  one.record.httpHeaders?.headers.get(name) ?? undefined;

test('given a body in its coding, then it stands in the record as it came over the wire, and is read without it', async () => {
  const raw = gzipSync(TEXT);
  const headers = {
    ...{ 'content-type': 'text/html', 'content-encoding': 'gzip', 'transfer-encoding': 'chunked' },
  };
  const [response, about] = await read(records.page(fetched({ headers, ...stored(raw, 'gzip') }), raw));
  expect(response!.text).toBe(TEXT.toString());
  expect(response!.record).toMatchObject({
    ...{ warcType: 'response', warcTargetURI: URL, warcDate: '2023-11-14T22:13:20.123Z' },
    httpHeaders: { statusCode: 200 },
  });
  const digest = createHash('sha256').update(raw).digest('hex');
  expect(base32ToHex(response!.record.warcPayloadDigest!)).toBe(digest);
  expect(header(response!, 'content-length')).toBe(String(raw.length));
  expect(header(response!, 'transfer-encoding')).toBeUndefined();
  expect(header(response!, 'x-archive-orig-transfer-encoding')).toBe('chunked');
  expect(about!.record).toMatchObject({ warcType: 'metadata', warcTargetURI: URL });
  expect(about!.record.warcHeader('WARC-Refers-To')).toBe(response!.record.warcHeader('WARC-Record-ID'));
  expect(about!.text).toContain('event-seq: 1\r\n');
  expect(about!.text).toContain('job-id: 0-testjob00\r\n');
});

test('given a body that is kept without its codings, then no header speaks of them', async () => {
  const headers = { 'content-encoding': 'gzip, br', 'content-length': '5' };
  const [response] = await read(records.page(fetched({ headers, ...stored(TEXT, 'identity') }), TEXT));
  expect(response!.text).toBe(TEXT.toString());
  expect(header(response!, 'content-encoding')).toBeUndefined();
  expect(header(response!, 'x-archive-orig-content-encoding')).toBe('gzip, br');
  expect(header(response!, 'content-length')).toBe(String(TEXT.length));
});

test('given a body of which only the beginning was kept, then the record says so', async () => {
  const [whole] = await read(records.page(fetched(stored(TEXT, 'identity')), TEXT));
  const [cut] = await read(records.page(fetched(stored(TEXT, 'identity', true)), TEXT));
  expect([whole, cut].map((one) => one!.record.warcHeader('WARC-Truncated'))).toEqual([null, 'length']);
});

test('given redirects, then each is a response of its own that leads to the next', async () => {
  const redirects = [
    { url: 'https://a.test/', statusCode: 301, location: '/ä', ms: 1 },
    { url: 'https://a.test/%C3%A4', statusCode: 302, location: URL, ms: 1 },
  ];
  const found = await read(records.page(fetched({ redirects, statusCode: 404 }), new Uint8Array()));
  expect(found.map(({ record }) => [record.warcTargetURI, record.httpHeaders?.statusCode])).toEqual([
    ['https://a.test/', 301],
    ['https://a.test/%C3%A4', 302],
    [URL, 404],
    [URL, undefined],
  ]);
  expect(found.map((one) => header(one, 'location'))).toEqual(['/ä', URL, undefined, undefined]);
  expect(new Set(found.map(({ record }) => record.warcHeader('WARC-Record-ID'))).size).toBe(4);
});

test('given a page that a browser made, then what is said of it tells so; of others nothing is', async () => {
  const told = async (render: EventData<'PageFetched'>['render']) => {
    const event = fetched({ ...stored(TEXT, 'identity'), ...(render && { render }) });
    const [, about] = await read(records.page(event, TEXT));
    return /^rendered: (.*)\r$/m.exec(about!.text)?.[1];
  };
  expect(await told({ mode: 'browser', reason: 'empty_shell', ms: 400 })).toBe('browser (empty_shell)');
  expect(await told({ mode: 'http', reason: 'readable' })).toBeUndefined();
  expect(await told(undefined)).toBeUndefined();
});

test('given what a hostile site or a foreign history may hold, then no record is broken by it', async () => {
  const finalUrl = 'https://a.test/?q=,,,&r=,,,';
  const headers = { 'x-a': 'one\r\nset-cookie: x\r\n\r\nbody', 'x b': '1', 'x-list': 'a,,,b' };
  const event = fetched({ finalUrl, headers, stage: 'a\r\nb', ...stored(TEXT, 'identity') });
  const found = await read(records.page(event, TEXT));
  expect(found.map(({ record }) => record.warcType)).toEqual(['response', 'metadata']);
  expect(found[0]).toMatchObject({ text: TEXT.toString(), record: { warcTargetURI: finalUrl } });
  expect(header(found[0]!, 'set-cookie')).toBeUndefined();
  expect(header(found[0]!, 'x-list')).toBe('a,,,b');
  expect(found[1]!.text).toContain('stage: a b\r\n');
});

test('given header bytes in UTF-8, which are recorded as latin1, then they are written as they were sent', async () => {
  const headers = { 'x-name': Buffer.from('Grüße').toString('latin1'), 'x-old': 'caf\xe9' };
  const [response] = await read(records.page(fetched({ headers, ...stored(TEXT, 'identity') }), TEXT));
  expect([header(response!, 'x-name'), header(response!, 'x-old')]).toEqual(['Grüße', 'café']);
});

test('given the same event twice, then the same bytes; and each record is a gzip member of its own', async () => {
  const write = (): Promise<Buffer> => bytesOf(records.page(fetched(stored(TEXT, 'identity')), TEXT));
  const [one, other] = [await write(), await write()];
  expect(one.equals(other)).toBe(true);
  expect(
    gunzipSync(one)
      .toString('latin1')
      .match(/WARC\/1\.1\r\n/g),
  ).toHaveLength(2);
  const [, about] = await read(records.page(fetched(stored(TEXT, 'identity')), TEXT));
  const begins = one.lastIndexOf(Buffer.from([0x1f, 0x8b, 0x08, 0x00]));
  expect(gunzipSync(one.subarray(begins)).toString()).toContain(about!.text);
});

test('given a file, then it begins with what it is', async () => {
  const [info] = await read(records.info(0, { software: 'Spoor', isPartOf: '0-job' }));
  expect(info!.record).toMatchObject({ warcType: 'warcinfo', warcDate: '1970-01-01T00:00:00.000Z' });
  expect(info!.text).toBe('software: Spoor\r\nisPartOf: 0-job\r\n');
});

/** RFC 4648, 6. */
function base32ToHex(digest: string): string {
  const bits = [...digest.replace(/^sha256:|=+$/g, '')]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  return BigInt(`0b${bits.slice(0, 256)}`)
    .toString(16)
    .padStart(64, '0');
}
