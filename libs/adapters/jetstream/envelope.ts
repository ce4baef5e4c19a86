import { MsgHdrsImpl, type MsgHdrs } from '@nats-io/transport-node';
import type { RawMessage } from './session.js';

/** Headers that are text already: building the library's map for each event costs five times as much. */
export class TextHeaders extends MsgHdrsImpl {
  constructor(private readonly text: string) {
    super();
  }
  override encode(): Uint8Array {
    return Buffer.from(this.text, 'latin1');
  }
  /** Bytes; all of it is ASCII. */
  get length(): number {
    return this.text.length;
  }
}

const TYPE_PREFIX = 'dev.spoor.';
const SCHEMA = /^urn:spoor:event:([A-Za-z]+):(\d+)$/;
const PLAIN = /^[\x21\x23\x24\x26-\x7e]*$/;

/** CloudEvents NATS binding: space, double quote, percent and everything outside printable ASCII is percent-encoded. */
export function escapeHeader(value: string): string {
  if (PLAIN.test(value)) return value;
  let out = '';
  for (const byte of Buffer.from(value, 'utf8')) {
    const plain = byte > 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x25;
    out += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/** @throws URIError when it is not what `escapeHeader` writes. */
export const unescapeHeader = (value: string): string =>
  value.includes('%') ? decodeURIComponent(value) : value;

/** Everything about an event but its data. */
export interface Envelope {
  id: string;
  type: string;
  version: number;
  time: string;
  jobId: string;
  /** URL of the page, for page events. */
  subject?: string | undefined;
  causationId?: string | undefined;
  traceparent?: string | undefined;
  gzip: boolean;
  /** For decisions: sequence that the job's last decision must have. */
  expectedSeq?: number | undefined;
}

export function encodeEnvelope(envelope: Envelope): TextHeaders {
  const id = escapeHeader(envelope.id);
  let text =
    `NATS/1.0\r\nNats-Msg-Id: ${id}\r\nce-specversion: 1.0\r\nce-id: ${id}\r\nce-source: spoor` +
    `\r\nce-type: ${TYPE_PREFIX}${envelope.type}\r\nce-time: ${escapeHeader(envelope.time)}` +
    `\r\nce-correlationid: ${envelope.jobId}` +
    `\r\nce-dataschema: urn:spoor:event:${envelope.type}:${envelope.version}` +
    `\r\nce-datacontenttype: application/json\r\n`;
  if (envelope.subject !== undefined) text += `ce-subject: ${escapeHeader(envelope.subject)}\r\n`;
  if (envelope.causationId !== undefined) text += `ce-causationid: ${escapeHeader(envelope.causationId)}\r\n`;
  if (envelope.traceparent !== undefined) text += `traceparent: ${escapeHeader(envelope.traceparent)}\r\n`;
  if (envelope.gzip) text += 'Content-Encoding: gzip\r\n';
  if (envelope.expectedSeq !== undefined)
    text += `Nats-Expected-Last-Subject-Sequence: ${envelope.expectedSeq}\r\n`;
  return new TextHeaders(`${text}\r\n`);
}

export interface ReadEnvelope {
  id: string | null;
  /** Without the prefix; as found when it has none. */
  type: string | null;
  version: number | null;
  time: string | null;
  causationId?: string;
  traceparent?: string;
  gzip: boolean;
}

/** Never throws: what is missing or odd is null. */
export function decodeEnvelope(headers: MsgHdrs | undefined): ReadEnvelope {
  const found = nothing();
  if (headers) for (const [name, values] of headers) take(found, name, values[0] ?? '');
  return found;
}

/** The same of a message as it came: the library's map of headers costs more than all else that a replay does with an event. */
export function readEnvelope(msg: RawMessage['msg']): ReadEnvelope {
  const text = headerText(msg);
  if (text === null) return decodeEnvelope(msg.headers);
  const found = nothing();
  const seen: string[] = [];
  let at = text.indexOf('\r\n') + 2;
  for (let end = text.indexOf('\r\n', at); end > at; end = text.indexOf('\r\n', at)) {
    const colon = text.indexOf(':', at);
    const name = text.slice(at, colon);
    if (colon !== -1 && colon < end && READ.has(name) && !seen.includes(name)) {
      seen.push(name);
      take(found, name, text.slice(colon + 1, end).trim());
    }
    at = end + 2;
  }
  return found;
}

/** The library's messages know their size, though its interface does not say so. */
type SizedMsg = RawMessage['msg'] & { size?: () => number };

/** Headers lie right before the payload; null when there are none, or not where they are looked for. */
function headerText(msg: SizedMsg): string | null {
  const { data } = msg;
  const size = msg.size?.() ?? 0;
  const bytes = size - msg.subject.length - (msg.reply?.length ?? 0) - data.length;
  if (bytes <= 0 || bytes > data.byteOffset) return null;
  const text = Buffer.from(data.buffer, data.byteOffset - bytes, bytes).toString();
  return text.startsWith('NATS/1.0\r\n') && text.endsWith('\r\n\r\n') ? text : null;
}

const nothing = (): ReadEnvelope => ({ id: null, type: null, version: null, time: null, gzip: false });

const READ = new Set([
  ...['Nats-Msg-Id', 'ce-type', 'ce-dataschema', 'ce-time', 'ce-causationid', 'traceparent'],
  'Content-Encoding',
]);

function take(found: ReadEnvelope, name: string, value: string): void {
  switch (name) {
    case 'Nats-Msg-Id':
      found.id = readable(value);
      break;
    case 'ce-type':
      found.type = value.startsWith(TYPE_PREFIX) ? value.slice(TYPE_PREFIX.length) : value;
      break;
    case 'ce-dataschema':
      found.version = Number(SCHEMA.exec(value)?.[2] ?? NaN) || null;
      break;
    case 'ce-time':
      found.time = readable(value);
      break;
    case 'ce-causationid':
      found.causationId = readable(value);
      break;
    case 'traceparent':
      found.traceparent = readable(value);
      break;
    case 'Content-Encoding':
      found.gzip = value === 'gzip';
      break;
  }
}

function readable(value: string): string {
  try {
    return unescapeHeader(value);
  } catch {
    return value;
  }
}
