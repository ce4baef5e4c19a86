import { parseUrl } from '#libs/events';
import { ScrapeError } from '#libs/failures';

export const FORMATS = ['html', 'json', 'text'] as const;
export type ScrapeFormat = (typeof FORMATS)[number];
const MAX_URL_CHARS = 2048;

/** What a client asks for, in the order in which it is checked. */
export interface ScrapeRequest {
  url: string;
  format: ScrapeFormat;
  payment: { wallet: string; signature: string } | null;
  /** Where it should be fetched; null: here. */
  route: { region?: string | undefined; node?: string | undefined; fallback: boolean } | null;
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
export function readPayment(wallet: unknown, signature: unknown): ScrapeRequest['payment'] {
  const given = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';
  return given(wallet) && given(signature) ? { wallet: wallet.trim(), signature: signature.trim() } : null;
}
