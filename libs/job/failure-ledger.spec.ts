import type { EventData } from '#libs/events';
import { History } from '#libs/testing/history';
import { FailureLedger } from './failure-ledger.js';
import { Frontier } from './frontier.js';

const SITE = 'https://site.test';
const page = (n: number): string => `${SITE}/${n}`;
const ref = { commandId: 'c', run: 1 } as const;
const failed = (n: number, code = 'timeout'): EventData<'FetchFailed'> => ({
  ...{ url: page(n), generation: 1, run: 1, try: 1, stage: 'page', depth: 1, attempt: 3, code },
  ...{ message: 'x', statusCode: 0, finalUrl: page(n), redirects: [] },
});
const bad = { statusCode: 503, error: 'HTTP 503 after 3 attempts' };
const site = () => new History().started({ start: [page(0)] }).fetched(page(0), ['/1', '/2', '/3', '/4']);

function ledgerOf({ events, jobId }: History): FailureLedger {
  const frontier = new Frontier(jobId, [1, 2]);
  const ledger = new FailureLedger();
  for (const event of events) {
    frontier.apply(event);
    ledger.apply(event, frontier);
  }
  return ledger;
}

test('given pages that failed, then the first is known and the codes are counted', () => {
  const ledger = ledgerOf(
    site()
      .retried(page(1))
      .fetched(page(2), [], bad)
      .add('FetchFailed', failed(3))
      .add('FetchFailed', failed(4)),
  );
  expect(ledger.first).toEqual({ seq: 4, type: 'PageFetched', url: page(2), code: 'http_5xx' });
  expect(ledger.codes).toEqual([
    { code: 'timeout', pages: 2, url: page(3) },
    { code: 'http_5xx', pages: 1, url: page(2) },
  ]);
});

test('given a page that waits for another try, then its last code is known until it ends', () => {
  expect(ledgerOf(site().retried(page(1))).waitingFor(1)).toBe('http_5xx');
  expect(ledgerOf(site().retried(page(1)).fetched(page(1))).waitingFor(1)).toBeNull();
});

test('given a second outcome of a page, then it does not count', () => {
  expect(ledgerOf(site().fetched(page(1)).add('FetchFailed', failed(1)))).toMatchObject({
    first: null,
    codes: [],
  });
});

test('given a requeue, then what it opened has no failure any more', () => {
  const history = site()
    .add('FetchFailed', failed(1))
    .add('PagesRequeued', { ...ref, run: 2, filter: {}, urls: [page(1)] });
  expect(ledgerOf(history).codes).toEqual([]);
});

test('given a restart, then nothing has failed yet', () => {
  const history = site()
    .add('FetchFailed', failed(1))
    .add('JobRestarted', { ...ref, run: 2, generation: 2 });
  expect(ledgerOf(history)).toMatchObject({ first: null, codes: [] });
});

test('given a failing proxy before any page failed, then that came first', () => {
  const data = { ...ref, url: page(1), page: null, code: 'proxy_auth', statusCode: 407 };
  const history = site().add('ProxyFailed', { ...data, message: 'x', vendorText: null, hint: 'y' });
  expect(ledgerOf(history).first).toEqual({ seq: 3, type: 'ProxyFailed', url: page(1), code: 'proxy_auth' });
});
