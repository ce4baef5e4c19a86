import { isAscii, isUtf8 } from 'node:buffer';
import { ResultType, Sniffer } from 'encoding-sniffer/sniffer';
import iconv from 'iconv-lite';

/** The charset that a Content-Type names, if any. */
const LABEL = /;\s*charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;]+))/i;
const FALLBACK = 'windows-1252';
/** Browsers look for a `<meta>` in the first KiB and start over when one comes later, which this stands for. */
const PRESCAN = 32 * 1024;
/** Most pages name their encoding at once: the sniffer, a state machine over single bytes, is given no more than it needs. */
const STEP = 512;
/** All that windows-1252 and latin1 read differently. */
const C1 = /[\x80-\x9f]/;

/**
 * The encoding of a page: BOM, then Content-Type, then `<meta>` (WHATWG HTML 13.2.3.2). A page that names none is UTF-8 when
 * it is valid as such beyond ASCII, else windows-1252.
 * @returns a WHATWG name in lower case.
 */
export function charsetOf(body: Buffer, contentType: string | null): string {
  const match = contentType === null ? null : LABEL.exec(contentType);
  const label = (match?.[1] ?? match?.[2] ?? match?.[3])?.trim();
  const sniffer = new Sniffer({
    maxBytes: PRESCAN,
    ...(label ? { transportLayerEncodingLabel: label } : {}),
  });
  for (let at = 0; at < Math.min(body.length, PRESCAN); at += STEP) {
    sniffer.write(body.subarray(at, Math.min(at + STEP, PRESCAN)));
    if (isFinal(sniffer)) break;
  }
  if (sniffer.resultType === ResultType.DEFAULT) return !isAscii(body) && isUtf8(body) ? 'utf-8' : FALLBACK;
  const name = sniffer.encoding.toLowerCase();
  return iconv.encodingExists(name) ? name : FALLBACK;
}

/** Only a BOM or the first bytes of UTF-16 are stronger, and those were in the first step; an XML declaration gives way to a `<meta>`. */
const isFinal = ({ resultType }: Sniffer): boolean =>
  resultType !== ResultType.DEFAULT && resultType !== ResultType.XML_ENCODING;

/** The text of a page in its encoding, without a BOM. */
export function decodeText(body: Buffer, charset: string): string {
  // ASCII is the same in both, and half as long as what a decoder makes of it.
  if ((charset === 'utf-8' || charset === FALLBACK) && isAscii(body)) return body.toString('latin1');
  if (charset === FALLBACK) {
    const text = body.toString('latin1');
    if (!C1.test(text)) return text;
  }
  if (charset !== 'utf-8') return iconv.decode(body, charset);
  const text = body.toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
