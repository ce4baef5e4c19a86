import { canonicalUrl, type BatchUrl } from '#libs/events';
import { ScrapeError, SpoorError } from '#libs/failures';
import { readFormat, readUrl, type ScrapeFormat } from '../read-request.js';

export const MAX_BATCH_URLS = 100;
const MAX_SHOWN_CHARS = 2048;
const FIELDS = ['urls', 'format', 'wallet', 'tx_signature'];
const FIELDS_OF_URL = ['url', 'format'];

type Body = Readonly<Record<string, unknown>>;

/**
 * What a client asks for, in its order. A URL or a format that is none is that entry's own failure, as the single endpoint would tell
 * it; the others go on.
 * @throws ScrapeError missing_url, invalid_url, invalid_format when it speaks of the whole; SpoorError invalid_request
 */
export function readBatch(body: Body): BatchUrl[] {
  const urls = body['urls'];
  if (urls === undefined || urls === null)
    throw new ScrapeError('missing_url', 'urls is required: a list of URLs');
  if (!Array.isArray(urls)) throw new ScrapeError('invalid_url', 'urls must be a list');
  if (urls.length === 0) throw new ScrapeError('missing_url', 'urls cannot be empty');
  if (urls.length > MAX_BATCH_URLS)
    throw new ScrapeError('invalid_url', `urls: a batch takes ${MAX_BATCH_URLS} URLs at most`);
  refuseUnknown(body, FIELDS, '');
  const format = readFormat(body['format']);
  const entries = urls.map((entry: unknown, i) => readEntry(entry, format, `urls[${i}].`));
  const [first] = entries;
  if (first?.refused && entries.every(({ refused }) => refused))
    throw new ScrapeError(first.refused.code as ScrapeError['code'], `urls[0]: ${first.refused.message}`);
  return entries;
}

function readEntry(entry: unknown, given: ScrapeFormat, field: string): BatchUrl {
  const isObject = typeof entry === 'object' && entry !== null && !Array.isArray(entry);
  if (isObject) refuseUnknown(entry as Body, FIELDS_OF_URL, field);
  const { url: wanted, format: own } = isObject ? (entry as Body) : { url: entry, format: undefined };
  let [url, format] = [typeof wanted === 'string' ? wanted.slice(0, MAX_SHOWN_CHARS) : '', given];
  try {
    url = readUrl(wanted);
    if (own !== undefined && own !== null) format = readFormat(own);
    // A job writes URLs in one form, in which this one would be too long.
    if (canonicalUrl(url) === null) throw new ScrapeError('invalid_url', 'URL is not valid');
    return { url, format };
  } catch (error) {
    if (!(error instanceof ScrapeError)) throw error;
    return { url, format, refused: { code: error.code, message: error.message } };
  }
}

function refuseUnknown(found: Body, known: readonly string[], prefix: string): void {
  const field = Object.keys(found).find((name) => !known.includes(name));
  if (field === undefined) return;
  const name = prefix + field.slice(0, 60);
  throw new SpoorError('invalid_request', `${name}: unknown field`, { field: name });
}
