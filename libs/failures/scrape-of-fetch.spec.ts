import { failures, scrapeErrorOf, scrapeErrorOfStatus, scrapeFailures, type FailureCode } from './index.js';

describe('what a scrape says of a fetch', () => {
  it.each<[FailureCode, boolean, string]>([
    ['dns_error', false, 'dns_error'],
    ['connection_refused', false, 'connection_error'],
    ['connection_reset', false, 'connection_error'],
    ['host_unreachable', false, 'host_unreachable'],
    ['tls_error', false, 'connection_error'],
    ['invalid_response', false, 'connection_error'],
    ['connect_timeout', false, 'timeout'],
    ['timeout', false, 'timeout'],
    ['decode_error', false, 'encoding_error'],
    ['too_many_redirects', true, 'too_many_redirects'],
    ['redirect_loop', true, 'too_many_redirects'],
    ['invalid_redirect', true, 'redirect_error'],
    ['blocked_address', false, 'url_blocked'],
    ['blocked_address', true, 'redirect_error'],
    ['proxy_auth', false, 'connection_error'],
  ])('given %s (redirected: %s), then %s', (code, redirected, expected) => {
    expect(scrapeErrorOf(code, redirected).code).toBe(expected);
  });

  it('given any failure there is, then the text names nothing of ours', () => {
    for (const code of Object.keys(failures) as FailureCode[])
      expect(scrapeErrorOf(code, false).message).not.toMatch(/proxy|SPOOR|allow-private|robots|worker/i);
  });

  it.each([401, 403, 404, 429, 418, 500, 503])('given status %s, then it stands in the message', (status) => {
    const error = scrapeErrorOfStatus(status);
    expect(error).toMatchObject({ code: 'http_error', details: { status_code: status } });
    expect(error.message).toContain(`(HTTP ${status})`);
  });
});

it('the table of the scrape endpoint has its 25 codes, each with its status', () => {
  const found = Object.entries(scrapeFailures).map(([code, { http }]) => `${code} ${http}`);
  expect(found.sort()).toEqual(
    [
      ...['connection_error 502', 'dns_error 502', 'empty_response 502', 'encoding_error 502'],
      ...['host_unreachable 502', 'http_error 502', 'internal_error 500', 'invalid_api_key 401'],
      ...['invalid_format 400', 'invalid_html 502', 'invalid_json 502', 'invalid_payment 400'],
      ...['invalid_url 400', 'missing_payment 402', 'missing_url 400', 'node_routing_failed 502'],
      ...['parsing_error 500', 'payment_failed 400', 'rate_limit_exceeded 429', 'redirect_error 502'],
      ...['response_too_large 413', 'timeout 504', 'too_many_redirects 502'],
      ...['unsupported_content_type 502', 'url_blocked 400'],
    ].sort(),
  );
});
