import { resolveSpec } from './resolve-spec.js';

describe('resolveSpec', () => {
  test('the shortest spec is a polite crawl of the start host', () => {
    const { spec, start } = resolveSpec({ start: ['HTTP://Example.COM:80/a/../b#x'] });
    expect(start).toEqual(['http://example.com/b']);
    expect(spec.scope.hosts).toEqual(['example.com']);
    expect(spec.politeness).toMatchObject({ concurrency: 16, perHost: 2, delayMs: 250, robots: 'mark' });
    expect(spec.stages).toEqual([{ name: 'page', follow: [{ stage: 'page' }], fields: {} }]);
  });

  test.each([
    ['start', {}],
    ['start[1]', { start: ['https://a.test/', 'ftp://a.test/'] }],
    ['start[0]', { start: ['https://user:pw@a.test/'] }],
    ['scope.maxPages', { start: ['https://a.test/'], scope: { maxPages: 0 } }],
    ['scope.include[0]', { start: ['https://a.test/'], scope: { include: ['(a'] } }],
    ['scope.hosts[0]', { start: ['https://a.test/'], scope: { hosts: ['https://a.test/'] } }],
    ['politness', { start: ['https://a.test/'], politness: {} }],
    ['politeness.delay', { start: ['https://a.test/'], politeness: { delay: 1 } }],
    ['pages.template', { pages: { template: 'https://a.test/', to: 3 } }],
    ['pages.to', { pages: { template: 'https://a.test/{page}', from: 5, to: 3 } }],
    [
      'stages[0].follow[0].stage',
      { start: ['https://a.test/'], stages: [{ name: 'a', follow: [{ stage: 'b' }] }] },
    ],
    [
      'stages[0].fields.x.selector',
      { start: ['https://a.test/'], stages: [{ name: 'a', fields: { x: { selector: 'a[' } } }] },
    ],
    ['stages[0].render', { start: ['https://a.test/'], stages: [{ name: 'a', render: 'yes' }] }],
    [
      'stages[0].waitFor',
      { start: ['https://a.test/'], stages: [{ name: 'a', render: 'auto', waitFor: 'a[' }] },
    ],
    ['stages[0].waitFor', { start: ['https://a.test/'], stages: [{ name: 'a', waitFor: 'a' }] }],
    ['browser', { start: ['https://a.test/'], browser: { screenshot: true } }],
    [
      'browser.waitMs',
      { start: ['https://a.test/'], stages: [{ name: 'a', render: 'browser' }], browser: { waitMs: 60_000 } },
    ],
  ])('a mistake in %s is named', (field, input) => {
    expect(() => resolveSpec(input)).toThrow(
      expect.objectContaining({ code: 'invalid_request', details: expect.objectContaining({ field }) }),
    );
  });
});
