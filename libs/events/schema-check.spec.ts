import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { catalogue, type EventType } from './catalogue.js';
import { checkOf } from './schema-check.js';

interface Recorded {
  type: EventType;
  data: Record<string, unknown>;
}

const recorded = readFileSync('test/fixtures/log-v1.jsonl', 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Recorded);

const common = { url: 'https://a.test/', generation: 1, run: 1, try: 1, stage: 'page', depth: 0 };
const robots = { policy: 'obey', allowed: true, confidence: 'high', reason: 'r', rule: null };
const timing = { startedAt: 1, durationMs: 1.5, ttfbMs: 1 };
const redirects = [{ url: 'https://a.test/', statusCode: 301, location: null, ms: 1 }];
const failed = { attempt: 1, code: 'timeout', message: 'm', statusCode: 0, finalUrl: 'u', redirects };
const retried = { attempt: 1, burned: true, code: 'c', message: 'm', statusCode: 503, delayMs: 0 };
const items = [{ index: 0, data: { a: [null, { b: 1 }] } }];
/** One of each page event, with every optional field at some depth. */
const samples: Recorded[] = [
  ...recorded.filter(({ type }) => catalogue[type].family === 'page'),
  { type: 'FetchFailed', data: { ...common, ...failed, robots, timing } },
  { type: 'FetchRetried', data: { ...common, ...retried, retryAfterMs: 1, timing, vendorText: null } },
  { type: 'PageSkipped', data: { ...common, code: 'c', message: 'm', rule: null, robots } },
  { type: 'ItemsReextracted', data: { ...common, version: 2, items } },
];

const ODD: unknown[] = [
  null,
  '',
  'x',
  0,
  -1,
  1.5,
  2 ** 60,
  Infinity,
  NaN,
  true,
  [],
  ['x'],
  [1],
  {},
  { x: 1 },
];

/** The value with one thing in it changed, at any depth: replaced, left out, added, keys in another order. */
function* mutations(value: unknown): Generator<unknown, void, undefined> {
  yield* ODD;
  if (Array.isArray(value)) {
    yield [...value, ...value];
    for (const [i, inner] of value.slice(0, 2).entries())
      for (const changed of mutations(inner)) yield value.with(i, changed);
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    yield Object.fromEntries([...entries, ['unheard of', 1]]);
    yield JSON.parse(JSON.stringify({ x: 1, ...value }).replace('"x"', '"__proto__"')) as unknown;
    yield Object.fromEntries(entries.toReversed());
    for (const [key, inner] of entries) {
      yield Object.fromEntries(entries.filter(([other]) => other !== key));
      for (const changed of mutations(inner)) yield { ...value, [key]: changed };
    }
  }
}

describe('what the check lets through', () => {
  test.each(samples)('is what zod gives back, to the byte: $type', ({ type, data }) => {
    const schema = catalogue[type].data;
    const check = checkOf(schema)!;
    let passed = 0;
    for (const value of mutations(data)) {
      if (!check(value)) continue;
      passed++;
      const parsed = schema.safeParse(value);
      expect([parsed.success, JSON.stringify(parsed.data)]).toEqual([true, JSON.stringify(value)]);
    }
    expect(passed).toBeGreaterThan(0);
  });

  test('is every page event that workers have recorded: none goes the long way', () => {
    const pages = recorded.filter(({ type }) => catalogue[type].family === 'page');
    expect(pages.length).toBeGreaterThan(5);
    expect(pages.filter(({ type, data }) => !checkOf(catalogue[type].data)!(data))).toEqual([]);
  });
});

test.each([
  ['a transform', z.object({ a: z.string().transform(Number) })],
  ['a default', z.object({ a: z.string().default('x') })],
  ['a refinement', z.object({ a: z.string().min(2) })],
  ['a number with a limit above', z.object({ a: z.number().max(3) })],
  ['a format', z.object({ a: z.uuid() })],
  ['a union', z.object({ a: z.union([z.string(), z.number()]) })],
  ['unknown keys kept', z.looseObject({ a: z.string() })],
  ['an object with a refinement', z.object({ a: z.string() }).refine(() => false)],
])('a schema with %s is left to zod', (_, schema) => expect(checkOf(schema)).toBeNull());
