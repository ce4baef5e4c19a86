import { ScrapeError, scrapeFailures, type ScrapeCode, type ScrapeDetails } from '#libs/failures';
import { scrapeOf, startTestApi, type TestApi } from '../test-support.js';

/** Code, status, whether it is worth another try, and what it carries beside its message. */
const table: [ScrapeCode, number, boolean | 'depends', ScrapeDetails][] = [
  ['missing_url', 400, false, {}],
  ['invalid_url', 400, false, {}],
  ['url_blocked', 400, false, {}],
  ['invalid_format', 400, false, { valid_formats: ['html', 'json', 'text'] }],
  ['missing_payment', 402, false, { price_watt: 100, payment_to: 'x', methods: ['api_key', 'watt_payment'] }],
  ['invalid_api_key', 401, false, {}],
  ['invalid_payment', 400, false, {}],
  ['payment_failed', 400, false, {}],
  ['rate_limit_exceeded', 429, true, { retry_after_seconds: 60, tier: 'basic' }],
  ['timeout', 504, true, {}],
  ['dns_error', 502, true, {}],
  ['connection_error', 502, true, {}],
  ['host_unreachable', 502, true, {}],
  ['http_error', 502, 'depends', { status_code: 404 }],
  ['redirect_error', 502, false, {}],
  ['too_many_redirects', 502, false, {}],
  ['response_too_large', 413, false, { max_bytes: 2_097_152, received_bytes: 3_145_728 }],
  ['empty_response', 502, false, {}],
  ['invalid_json', 502, false, {}],
  ['invalid_html', 502, false, {}],
  ['encoding_error', 502, false, {}],
  ['unsupported_content_type', 502, false, {}],
  ['parsing_error', 500, true, {}],
  ['node_routing_failed', 502, true, {}],
  ['internal_error', 500, true, {}],
];

describe('codes of the scrape endpoint, as they leave', () => {
  let api: TestApi;
  let thrown: unknown;
  beforeAll(async () => {
    api = await startTestApi(
      {},
      { scrape: scrapeOf(async () => null, { scrape: () => Promise.reject(thrown) }) },
    );
  });
  afterAll(() => api.close());

  it.each(table)('%s: %i', async (code, status, retryable, details) => {
    thrown = new ScrapeError(code, undefined, details);
    const plain = await api.post('/api/v1/scrape', {});
    const { message } = scrapeFailures[code];
    expect([plain.status, await plain.json()]).toEqual([
      status,
      { success: false, error: code, message, ...details },
    ]);
    const wait = details.retry_after_seconds;
    expect(plain.headers.get('retry-after')).toBe(wait === undefined ? null : String(wait));
    const problem = await api.post('/api/v1/scrape', {}, { accept: 'application/problem+json' });
    expect(problem.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect([problem.status, await problem.json()]).toEqual([
      status,
      expect.objectContaining({ status, code, title: message, detail: message, retryable, ...details }),
    ]);
  });

  it('are all there are', () => {
    expect(table.map(([code]) => code).sort()).toEqual(Object.keys(scrapeFailures).sort());
  });

  it('given anything else that is thrown, then internal_error and nothing of it', async () => {
    thrown = new TypeError('cannot read /secret/path of undefined at 10.0.0.1');
    const answer = await api.post('/api/v1/scrape', {});
    const text = await answer.text();
    expect(answer.status).toBe(500);
    expect(JSON.parse(text)).toEqual({
      success: false,
      error: 'internal_error',
      message: expect.any(String),
    });
    expect(text).not.toMatch(/secret|10\.0/);
  });
});
