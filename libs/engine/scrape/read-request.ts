import { parseUrl } from '#libs/events';
import { ScrapeError } from '#libs/failures';
import type { NodeRoute } from '../ports/index.js';

export const FORMATS = ['html', 'json', 'text'] as const;
export type ScrapeFormat = (typeof FORMATS)[number];
const MAX_URL_CHARS = 2048;

/** Where a page should be fetched. */
export interface ScrapeRoute {
  to: NodeRoute;
  /** False: the caller wants it from there or not at all. */
  fallback: boolean;
}

const refuse = (message: string): never => {
  throw new ScrapeError('invalid_url', message);
};

/** @throws ScrapeError missing_url, invalid_url */
export function readUrl(found: unknown): string {
  if (found === undefined || found === null) throw new ScrapeError('missing_url');
  if (typeof found !== 'string') return refuse('URL must be a string');
  const text = found.trim();
  if (text === '') throw new ScrapeError('missing_url', 'URL cannot be empty');
  if (!/^https?:\/\//i.test(text)) return refuse('URL must start with http:// or https://');
  if (text.length > MAX_URL_CHARS) return refuse(`URL exceeds maximum length (${MAX_URL_CHARS} characters)`);
  const url = parseUrl(text);
  if (url === null || url.hostname === '') return refuse('URL is not valid');
  // Also an empty user name: whoever writes an @ means to hide where it leads.
  if (url.username !== '' || url.password !== '' || /^[^/?#]*@/.test(text.slice(text.indexOf('//') + 2)))
    return refuse('URLs with embedded credentials are not allowed');
  url.hash = '';
  return url.href;
}

/** @throws ScrapeError invalid_format */
export function readFormat(found: unknown): ScrapeFormat {
  if (found === undefined || found === null) return 'text';
  const name = typeof found === 'string' ? found.trim().toLowerCase() : '';
  const format = FORMATS.find((one) => one === name);
  if (format === undefined) throw new ScrapeError('invalid_format', undefined, { valid_formats: FORMATS });
  return format;
}

/** Half a payment is none. */
export function readPayment(
  wallet: unknown,
  signature: unknown,
): { wallet: string; signature: string } | null {
  const given = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';
  return given(wallet) && given(signature) ? { wallet: wallet.trim(), signature: signature.trim() } : null;
}

/** As it can stand in a subject of NATS. */
const NODE_WORD = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * `region`, `node`, and `fallback: false`; null: wherever it is fetched best, which is here.
 * @throws ScrapeError node_routing_failed when they name no place
 */
export function readRoute(body: Readonly<Record<string, unknown>>): ScrapeRoute | null {
  const [region, node, fallback] = [body['region'] ?? null, body['node'] ?? null, body['fallback'] ?? true];
  if (region === null && node === null) return null;
  const wrong = (message: string): never => {
    throw new ScrapeError('node_routing_failed', message);
  };
  if (region !== null && node !== null) return wrong('Send either region or node, not both');
  if (typeof fallback !== 'boolean') return wrong('fallback must be true or false');
  const read = (name: string, value: unknown): string =>
    typeof value === 'string' && NODE_WORD.test(value)
      ? value
      : wrong(`${name} must be a name of up to 64 letters, digits, - and _`);
  return { to: node === null ? { region: read('region', region) } : { node: read('node', node) }, fallback };
}
