import { answersOf, cases, fault, isArmed, own, type Case, type Result } from './support/ssrf-cases.js';
import { isolation, runIsolated } from './support/isolated.js';

const place = isolation();
if ('missing' in place) console.info(`skipped: ${cases.length} cases of request forgery: ${place.missing}`);

/** What a caller of the endpoint may be told of a target that is not for them. */
const REFUSALS = ['url_blocked', 'invalid_url', 'redirect_error'];

('args' in place ? describe : describe.skip).each([
  ['a crawl', 'test/fixtures/ssrf-cases.mjs'],
  ['the scrape endpoint', 'test/fixtures/ssrf-scrape.mjs'],
])('server-side request forgery, by what canaries see: %s', (by, script) => {
  const results = new Map<string, Result>();
  const found = (testCase: Case): Result => results.get(testCase.id)!;
  const isEndpoint = by === 'the scrape endpoint';
  beforeAll(async () => {
    const args = 'args' in place ? place.args : [];
    const output = await runIsolated(args, script, JSON.stringify(cases));
    for (const result of JSON.parse(output) as Result[]) results.set(result.id, result);
  }, 120_000);

  test.each([...new Set(cases.map(({ kind }) => kind))])('%s', (kind) => {
    const ofKind = cases.filter((c) => c.kind === kind);
    const wrong = ofKind.map((c) => [c.id, c.url, fault(c, found(c))]).filter(([, , what]) => what !== null);
    expect(wrong).toEqual([]);
  });

  test('without the guard the canaries would have seen every one of them', () => {
    // The endpoint takes no proxy of a caller's, follows no link, and refuses some URLs by their form.
    const isHopeless = (c: Case): boolean =>
      isEndpoint &&
      ((c.proxy !== undefined && c.proxy !== 'operator') ||
        c.kind === 'sitemap-or-link' ||
        codeOf(found(c).unguardedOutcomes[0]) === 'invalid_url');
    const armed = cases.filter((c) => c.expect === 'blocked' && isArmed(c) && !isHopeless(c));
    const blind = armed.filter((c) => fault(c, { ...found(c), seen: found(c).unguarded }) === null);
    expect(blind.map(({ id, url }) => `${id} ${url}`)).toEqual([]);
    expect(armed.length).toBeGreaterThan(own.length / 2);
  });

  if (isEndpoint)
    test('a caller learns that it is blocked, and no address', () => {
      const blocked = cases.filter(({ expect: wanted }) => wanted === 'blocked');
      const odd = blocked.flatMap((c) =>
        found(c)
          .outcomes.filter((outcome) => outcome !== '200')
          .filter(
            (outcome) =>
              !REFUSALS.includes(codeOf(outcome)) ||
              answersOf(c).some((address) => outcome.includes(address)),
          )
          .map((outcome) => `${c.id} ${outcome}`),
      );
      expect(odd).toEqual([]);
    });
});

/** An outcome of the endpoint is `200`, or the code with the whole answer. */
const codeOf = (outcome: string | undefined): string => (outcome ?? '').split(' ')[0]!;
