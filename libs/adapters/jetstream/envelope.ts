import { MsgHdrsImpl, type MsgHdrs } from '@nats-io/transport-node';

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
  const found: ReadEnvelope = { id: null, type: null, version: null, time: null, gzip: false };
  if (!headers) return found;
  for (const [name, values] of headers) {
    const value = values[0] ?? '';
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
  return found;
}

function readable(value: string): string {
  try {
    return unescapeHeader(value);
  } catch {
    return value;
  }
}
