import { HeadersMultiMap, StatusAndHeaders, WARC_1_1, WARCRecord, WARCSerializer } from 'warcio';
import type { RedirectStep, StoredEvent } from '#libs/events';
import type { WarcRecords } from '#libs/engine/ports';
import { headersOf, oneLine, statusLine, type HeaderLine } from './http-head.js';
import { recordId } from './record-id.js';

type Fetched = StoredEvent<'PageFetched'>;

/** The library takes `,,,` in a value for several values, and throws where a URL has it. */
class Fields extends HeadersMultiMap {
  override isMultiValue(): boolean {
    return false;
  }
}

interface NewRecord {
  type: 'warcinfo' | 'response' | 'metadata';
  id: string;
  /** ms since the epoch */
  date: number;
  contentType: string;
  fields?: Record<string, string>;
  http?: { statusCode: number; headers: HeaderLine[] };
  content: Uint8Array;
}

const HTTP = 'application/http; msgtype=response';
const LINES = 'application/warc-fields';

export class WarcioRecords implements WarcRecords {
  info(madeAt: number, fields: Record<string, string>): AsyncIterable<Uint8Array> {
    const content = linesOf(fields);
    const id = recordId(`${madeAt}\n${JSON.stringify(fields)}`, 'warcinfo');
    return serialized({ type: 'warcinfo', id, date: madeAt, contentType: LINES, content });
  }

  async *page(event: Fetched, payload: Uint8Array): AsyncGenerator<Uint8Array> {
    for (const [nth, step] of event.data.redirects.entries()) yield* serialized(redirect(event, step, nth));
    yield* serialized(response(event, payload));
    yield* serialized(metadata(event));
  }
}

const idOf = ({ id }: Fetched, part: string): string => recordId(id, part);

/** Of a redirect only status and Location are recorded, which is said. */
function redirect(event: Fetched, { url, statusCode, location }: RedirectStep, nth: number): NewRecord {
  const headers: HeaderLine[] = [
    ...(location === null ? [] : [['location', oneLine(location)] satisfies HeaderLine]),
    ['content-length', '0'],
  ];
  return {
    ...{ type: 'response', id: idOf(event, `redirect ${nth}`), contentType: HTTP },
    date: event.data.timing.startedAt,
    fields: { 'WARC-Target-URI': url, 'WARC-Truncated': 'unspecified' },
    http: { statusCode, headers },
    content: new Uint8Array(),
  };
}

function response(event: Fetched, payload: Uint8Array): NewRecord {
  const { finalUrl, statusCode, headers, body, timing } = event.data;
  return {
    ...{ type: 'response', id: idOf(event, 'response'), contentType: HTTP },
    date: timing.startedAt,
    fields: { 'WARC-Target-URI': finalUrl, ...(body?.truncated ? { 'WARC-Truncated': 'length' } : {}) },
    http: { statusCode, headers: headersOf(headers, body?.encoding ?? 'identity', payload.length) },
    content: payload,
  };
}

/** Leads back to the log: which event of which job this is, and of which page. */
function metadata(event: Fetched): NewRecord {
  const { jobId, id, seq, data } = event;
  const { url, finalUrl, stage, depth, run, generation, attempt, timing, render } = data;
  const numbers = { 'event-seq': seq, depth, run, generation, attempt, fetchTimeMs: timing.durationMs };
  const texts = Object.entries(numbers).map(([name, value]) => [name, String(value)]);
  return {
    ...{ type: 'metadata', id: idOf(event, 'metadata'), contentType: LINES },
    date: timing.startedAt,
    fields: { 'WARC-Target-URI': finalUrl, 'WARC-Refers-To': idOf(event, 'response') },
    content: linesOf({
      'job-id': jobId,
      'event-id': id,
      'page-url': url,
      stage,
      // The payload is then what a browser made of the response, not what came over the wire.
      ...(render?.mode === 'browser' ? { rendered: `browser (${render.reason})` } : {}),
      ...Object.fromEntries(texts),
    }),
  };
}

const linesOf = (fields: Record<string, string>): Uint8Array =>
  Buffer.from(
    Object.entries(fields)
      .map(([name, value]) => `${name}: ${oneLine(value)}\r\n`)
      .join(''),
  );

function serialized({ type, id, date, contentType, fields = {}, http, content }: NewRecord): WARCSerializer {
  const headers = new Fields({
    'WARC-Type': type,
    'WARC-Record-ID': id,
    'WARC-Date': new Date(date).toISOString(),
    'Content-Type': contentType,
    ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, oneLine(value)])),
  });
  const warcHeaders = new StatusAndHeaders({ statusline: WARC_1_1, headers });
  const record = new WARCRecord({ warcHeaders, reader: [content] });
  if (http)
    record.httpHeaders = new StatusAndHeaders({
      statusline: statusLine(http.statusCode),
      headers: new Fields(Object.fromEntries(http.headers)),
    });
  return new WARCSerializer(record, {
    gzip: true,
    digest: { algo: 'sha-256', prefix: 'sha256:', base32: true },
  });
}
