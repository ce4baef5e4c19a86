import { resolveSpec } from './resolve-spec.js';
import type { Scope } from './scope.js';
import { scopeOf } from './scope.js';

const scope = (part: object): Scope =>
  scopeOf(resolveSpec({ start: ['http://shop.test:8080/'], scope: part }).spec);

describe('scope of a job', () => {
  it.each([
    ['http://shop.test:8080/a', 1, null],
    ['http://shop.test/a', 1, 'off-host'],
    ['https://shop.test:8080/a', 1, null],
    ['http://www.shop.test:8080/a', 1, 'off-host'],
  ])('keeps to the hosts of the start URLs: %s', (url, depth, verdict) => {
    expect(scope({}).verdict(url, depth)).toBe(verdict);
  });

  it.each([
    ['http://shop.test:8080/de/a', 0, null],
    ['http://shop.test:8080/fr/a', 0, 'not-included'],
    ['http://shop.test:8080/de/cart', 0, 'exclude:/cart$'],
    ['http://shop.test:8080/de/cart', 9, 'exclude:/cart$'],
    ['http://shop.test:8080/de/a', 2, null],
    ['http://shop.test:8080/de/a', 3, 'too-deep'],
    ['http://other.test/de/a', 3, 'off-host'],
  ])('names the first rule that holds %s at depth %i back', (url, depth, verdict) => {
    const rules = { include: ['/de/', '/at/'], exclude: ['/login', '/cart$'], maxDepth: 2 };
    expect(scope(rules).verdict(url, depth)).toBe(verdict);
  });

  it('takes an expression that backtracks for ever elsewhere', () => {
    const url = `http://shop.test:8080/${'a'.repeat(5000)}!`;
    expect(scope({ exclude: ['(a+)+$'] }).verdict(url, 0)).toBeNull();
  });

  it('compiles a spec once', () => {
    const { spec } = resolveSpec({ start: ['http://shop.test/'] });
    expect(scopeOf(spec)).toBe(scopeOf(spec));
  });
});
