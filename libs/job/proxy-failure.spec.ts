import { resolvedJobSpec } from '#libs/events';
import { resolveChanges, resolveSpec } from './resolve-spec.js';
import { pageNumberOf, proxyFailure } from './proxy-failure.js';

const pages = { template: 'HTTP://Site.test/list?page={page}&x=1', from: 1, to: 1000 };

describe('pageNumberOf', () => {
  it.each([
    ['http://site.test/list?page=150&x=1', 150],
    ['http://site.test/list?page=1001&x=1', null],
    ['http://site.test/list?page=0150&x=1', null],
    ['http://site.test/list?page=150', null],
    ['http://site.test/company/150', null],
  ])('%s is page %p', (url, page) => {
    expect(pageNumberOf(pages, url)).toBe(page);
  });

  it('finds the page when the number stands twice', () => {
    const twice = { template: 'http://site.test/{page}/of-{page}', from: 1, to: 9 };
    expect(pageNumberOf(twice, 'http://site.test/7/of-7')).toBe(7);
    expect(pageNumberOf(twice, 'http://site.test/7/of-8')).toBeNull();
  });

  it('has no page without a range', () => expect(pageNumberOf(undefined, 'http://site.test/1')).toBeNull());
});

describe('proxyFailure', () => {
  const failed = {
    url: 'http://site.test/list?page=150&x=1',
    attempt: 2,
    code: 'proxy_auth',
    message: 'Oxylabs proxy authentication failed (407)',
    statusCode: 407,
  };

  it('says what went wrong, which page failed, how to fix it and how to resume', () => {
    const { message, ...data } = proxyFailure('0-abcdefgh', resolvedJobSpec.parse({ pages }), {
      ...failed,
      hint: 'Please check your OXYLABS_USERNAME and OXYLABS_PASSWORD.',
      vendorText: 'Access denied',
    });
    expect(message).toMatch(/^Proxy error: Oxylabs proxy authentication failed \(407\)\. /);
    expect(message).toContain('Page 150 failed: http://site.test/list?page=150&x=1');
    expect(message).toContain('Please check your OXYLABS_USERNAME and OXYLABS_PASSWORD.');
    expect(message).toContain('spoor crawl --resume 0-abcdefgh');
    expect(message).toContain('The proxy says: Access denied.');
    expect(data).toMatchObject({ page: 150, attempt: 2, statusCode: 407, vendorText: 'Access denied' });
  });

  it('says each thing once, also where the egress has said the hint already', () => {
    const { message } = proxyFailure('0-abcdefgh', resolvedJobSpec.parse({}), {
      ...failed,
      ...{ message: 'Refused. Check them.', hint: 'Check them.' },
    });
    expect(message.split('Check them.')).toHaveLength(2);
    expect(message).not.toContain('..');
  });

  it("falls back to the failure table's hint", () => {
    expect(proxyFailure('0-abcdefgh', resolvedJobSpec.parse({}), failed)).toMatchObject({
      page: null,
      vendorText: null,
      hint: 'Check user name and password of the proxy.',
    });
  });
});

describe('a proxy in a spec', () => {
  const refusal = (make: () => unknown): unknown => {
    try {
      make();
    } catch (error) {
      return error;
    }
    return null;
  };

  it.each([
    ['proxy.url', { url: 'http://user:hunter2@proxy.test:8000' }],
    ['proxy.url', { url: 'http://user@proxy.test:8000' }],
    ['proxy.url', { url: 'http://@proxy.test:8000' }],
    ['proxy.url', { url: 'socks5://proxy.test:8000' }],
    ['proxy.url', { url: 'http://proxy.test:8000/hunter2' }],
    ['proxy.url', { url: 'hunter2' }],
    ['proxy.url', {}],
    ['proxy.pool[1]', { pool: [{ env: 'P' }, 'http://u:hunter2@proxy.test'] }],
    ['proxy.provider', { provider: 'oxylabs', url: 'http://proxy.test' }],
  ])('is refused by its field, without its value: %s', (field, proxy) => {
    const start = ['http://site.test/'];
    for (const make of [() => resolveSpec({ start, proxy }), () => resolveChanges({ proxy })]) {
      const error = refusal(make);
      expect(error).toMatchObject({ code: 'invalid_request', details: { field } });
      expect(JSON.stringify(error) + (error as Error).message).not.toContain('hunter2');
    }
  });

  it.each([
    [{ url: { env: 'SPOOR_PROXY_URL' } }],
    [{ pool: [{ secret: 'a' }, 'https://proxy.test:8443'] }],
    [{ provider: 'oxylabs', session: 'sticky', country: 'DE' }],
  ])('is taken by reference or without credentials: %j', (proxy) => {
    expect(resolveSpec({ start: ['http://site.test/'], proxy }).spec.proxy).toMatchObject(proxy);
    expect(resolveChanges({ proxy }).proxy).toMatchObject(proxy);
  });

  it('can be given up in a resume', () => expect(resolveChanges({ proxy: null })).toEqual({ proxy: null }));
});
