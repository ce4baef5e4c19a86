import { ScrapeError } from '#libs/failures';
import { readFormat, readPayment, readUrl } from './read-request.js';

const refusal = (work: () => unknown): string => {
  try {
    return `taken: ${String(work())}`;
  } catch (error) {
    return error instanceof ScrapeError ? `${error.code}: ${error.message}` : 'another error';
  }
};

describe('a scrape request', () => {
  it.each([
    [undefined, 'missing_url: URL is required'],
    [null, 'missing_url: URL is required'],
    ['', 'missing_url: URL cannot be empty'],
    ['   ', 'missing_url: URL cannot be empty'],
    [7, 'invalid_url: URL must be a string'],
    [['http://a.test/'], 'invalid_url: URL must be a string'],
    ['ftp://a.test/', 'invalid_url: URL must start with http:// or https://'],
    ['javascript:alert(1)', 'invalid_url: URL must start with http:// or https://'],
    ['//a.test/', 'invalid_url: URL must start with http:// or https://'],
    ['http://', 'invalid_url: URL is not valid'],
    ['http://[::1', 'invalid_url: URL is not valid'],
    ['http://u:p@a.test/', 'invalid_url: URLs with embedded credentials are not allowed'],
    ['https://@a.test/', 'invalid_url: URLs with embedded credentials are not allowed'],
    [`http://a.test/${'x'.repeat(2040)}`, 'invalid_url: URL exceeds maximum length (2048 characters)'],
    [' HTTPS://A.test/x?y=1@2#part ', 'taken: https://a.test/x?y=1@2'],
  ])('given the url %p, then %s', (url, expected) => {
    expect(refusal(() => readUrl(url))).toBe(expected);
  });

  it.each([
    [undefined, 'taken: text'],
    [null, 'taken: text'],
    ['HTML', 'taken: html'],
    [' Json ', 'taken: json'],
    ['pdf', 'invalid_format: Invalid format. Must be one of: html, json, text'],
    [1, 'invalid_format: Invalid format. Must be one of: html, json, text'],
    ['', 'invalid_format: Invalid format. Must be one of: html, json, text'],
  ])('given the format %p, then %s', (format, expected) => {
    expect(refusal(() => readFormat(format))).toBe(expected);
  });

  it('given half a payment, then it is none', () => {
    expect(readPayment('wallet', undefined)).toBeNull();
    expect(readPayment(undefined, 'signature')).toBeNull();
    expect(readPayment('wallet', ' ')).toBeNull();
    expect(readPayment(' wallet ', ' signature ')).toEqual({ wallet: 'wallet', signature: 'signature' });
  });
});
