/** How the scrape endpoint answers when it has no content to give. */
export interface ScrapeFailure {
  http: number;
  category: 'input' | 'auth' | 'network' | 'http' | 'content' | 'server';
  /** `depends`: on the status that the target answered with. */
  retryable: boolean | 'depends';
  /** What the client reads unless a check has something more exact to say. */
  message: string;
  /** What the client can do; for the docs. */
  hint: string;
}

const input = (message: string, hint: string): ScrapeFailure => ({
  ...{ http: 400, category: 'input', retryable: false },
  ...{ message, hint },
});
const auth = (http: number, message: string, hint: string): ScrapeFailure => ({
  ...{ http, category: 'auth', retryable: false },
  ...{ message, hint },
});
const network = (message: string, hint: string, http = 502): ScrapeFailure => ({
  ...{ http, category: 'network', retryable: true },
  ...{ message, hint },
});
const content = (message: string, hint: string, http = 502): ScrapeFailure => ({
  ...{ http, category: 'content', retryable: false },
  ...{ message, hint },
});

/** Every code of `POST /api/v1/scrape`. Public: clients look at code, status and text. */
export const scrapeFailures = {
  missing_url: input('URL is required', 'Send a JSON body with `url`.'),
  invalid_url: input('URL must start with http:// or https://', 'Send an absolute http or https URL.'),
  url_blocked: input(
    'URL is blocked or invalid for security reasons',
    'Only public addresses can be scraped.',
  ),
  invalid_format: input(
    'Invalid format. Must be one of: html, json, text',
    'Send one of `valid_formats`, or leave it out.',
  ),
  missing_payment: auth(
    402,
    'Payment required: either API key or WATT transaction signature',
    'Send an API key in `X-API-Key`, or pay and send both `wallet` and `tx_signature`.',
  ),
  invalid_api_key: auth(
    401,
    'The provided API key is invalid or inactive',
    'Check the key; `spoor key ls` shows which are active.',
  ),
  invalid_payment: auth(
    400,
    'Transaction signature verification failed',
    'Send the signature of a transaction that your wallet has signed.',
  ),
  payment_failed: auth(
    400,
    'The payment could not be verified',
    'The message names the reason; a signature that was not accepted stays unspent.',
  ),
  rate_limit_exceeded: {
    ...auth(429, 'Rate limit exceeded.', 'Wait `retry_after_seconds`, then try again.'),
    retryable: true,
  },
  timeout: network(
    'Request timed out. The target server took too long to respond.',
    'Try again later, or a faster URL.',
    504,
  ),
  dns_error: network(
    'Unable to resolve domain name. Check that the domain is valid and accessible.',
    'Check the spelling of the domain.',
  ),
  connection_error: network(
    'Failed to connect to the target server. Check the URL and try again.',
    'Check that the site is online.',
  ),
  host_unreachable: network(
    'Host is unreachable. Check that the host address is valid.',
    'Try again later, or another URL.',
  ),
  http_error: {
    ...{ http: 502, category: 'http', retryable: 'depends' },
    message: 'The target server returned an error.',
    hint: '`status_code` is what the target answered: retry 429 and 5xx later, mend the URL for others.',
  },
  redirect_error: {
    ...{ http: 502, category: 'http', retryable: false },
    message: 'The page redirects to a URL that is blocked or invalid.',
    hint: 'Send the URL that the page should lead to.',
  },
  too_many_redirects: {
    ...{ http: 502, category: 'http', retryable: false },
    message: 'The page caused too many redirects. The URL may be in a redirect loop.',
    hint: 'Send the URL behind the redirects.',
  },
  response_too_large: content(
    'Response exceeds maximum size (2.0 MB). Use a more specific URL or selector.',
    'Send a more specific URL; `max_bytes` is the limit.',
    413,
  ),
  empty_response: content(
    'The target URL returned empty content. Verify the URL is correct.',
    'The page may need a browser to show anything.',
  ),
  invalid_json: content(
    'Response is not valid JSON. Verify the URL returns valid JSON.',
    'Ask for `text` or `html` instead.',
  ),
  invalid_html: content(
    'Failed to parse HTML response. The content may be corrupted.',
    'What the server calls HTML is binary, or broken beyond reading.',
  ),
  encoding_error: content(
    'The response is not in the encoding that the target server names.',
    'The site sends broken content-encoding; another URL of it may work.',
  ),
  unsupported_content_type: content(
    'The content type of the response is not supported.',
    'Only text, HTML, XML and JSON can be scraped.',
  ),
  parsing_error: {
    ...content('An error occurred while parsing the response', 'Try again; ask for `html`.', 500),
    retryable: true,
  },
  node_routing_failed: {
    ...{ http: 502, category: 'server', retryable: true },
    message: 'Node routing failed, falling back to centralized scraper',
    hint: 'No node of the wanted kind answered, and the request did not allow the central one.',
  },
  internal_error: {
    ...{ http: 500, category: 'server', retryable: true },
    message: 'An unexpected error occurred while processing your request',
    hint: 'Try again; if it stays, report the time and the request id.',
  },
} as const satisfies Record<string, ScrapeFailure>;

export type ScrapeCode = keyof typeof scrapeFailures;

/** Fields that a code may carry beside its message. */
export interface ScrapeDetails {
  status_code?: number;
  valid_formats?: readonly string[];
  price_watt?: number;
  payment_to?: string;
  methods?: readonly string[];
  retry_after_seconds?: number;
  tier?: string;
  max_bytes?: number;
  received_bytes?: number;
}

/** A scrape that ends without content; the message is for the client and carries nothing of ours. */
export class ScrapeError extends Error {
  constructor(
    readonly code: ScrapeCode,
    message: string = scrapeFailures[code].message,
    readonly details: ScrapeDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ScrapeError';
  }

  get failure(): ScrapeFailure {
    return scrapeFailures[this.code];
  }
}
