import { ScrapeError, SpoorError } from '#libs/failures';
import { readBatch } from './read-batch.js';

const A = 'http://a.test/';
const refusal = (body: Record<string, unknown>): string => {
  try {
    return `taken: ${readBatch(body).length}`;
  } catch (error) {
    if (error instanceof ScrapeError || error instanceof SpoorError) return `${error.code}: ${error.message}`;
    throw error;
  }
};

describe('a batch as it was asked for', () => {
  it.each([
    [{}, 'missing_url: urls is required: a list of URLs'],
    [{ urls: null }, 'missing_url: urls is required: a list of URLs'],
    [{ urls: A }, 'invalid_url: urls must be a list'],
    [{ urls: { 0: A, length: 1 } }, 'invalid_url: urls must be a list'],
    [{ urls: [] }, 'missing_url: urls cannot be empty'],
    [{ urls: Array(101).fill(A) }, 'invalid_url: urls: a batch takes 100 URLs at most'],
    [{ urls: Array(100).fill(A) }, 'taken: 100'],
    [{ urls: [A], tier: 'premium' }, 'invalid_request: tier: unknown field'],
    [{ urls: [A], owner: 'x' }, 'invalid_request: owner: unknown field'],
    [{ urls: [A], status: 'done' }, 'invalid_request: status: unknown field'],
    [{ urls: [A, { url: A, owner: 'x' }] }, 'invalid_request: urls[1].owner: unknown field'],
    [{ urls: [A], format: 'pdf' }, 'invalid_format: Invalid format. Must be one of: html, json, text'],
    [{ urls: ['x', 7] }, 'invalid_url: urls[0]: URL must start with http:// or https://'],
    [{ urls: [A], wallet: 'w', tx_signature: 's' }, 'taken: 1'],
  ])('given case %#, then it says %p', (body, expected) => expect(refusal(body)).toBe(expected));

  it('given entries of which some are none, then each has the words of the single endpoint, and the others go on', () => {
    const urls = [
      A,
      '',
      null,
      7,
      [A],
      { url: A, format: 'JSON' },
      { url: A, format: 'pdf' },
      'http://u:p@a.test/',
      {},
    ];
    const long = `http://a.test/${'ü'.repeat(2000)}`;
    expect(
      readBatch({ urls: [...urls, long], format: 'html' }).map(({ url, format, refused }) => [
        url,
        format,
        refused?.code,
      ]),
    ).toEqual([
      [A, 'html', undefined],
      ['', 'html', 'missing_url'],
      ['', 'html', 'missing_url'],
      ['', 'html', 'invalid_url'],
      ['', 'html', 'invalid_url'],
      [A, 'json', undefined],
      [A, 'html', 'invalid_format'],
      ['http://u:p@a.test/', 'html', 'invalid_url'],
      ['', 'html', 'missing_url'],
      [expect.stringContaining('%C3%BC'), 'html', 'invalid_url'],
    ]);
  });
});
