import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { catalogue, type EventType } from './catalogue.js';
import { defineEvent } from './define.js';
import { toPresent, toPresentOf } from './to-present.js';

/** An event with two versions behind it: `ms` was `seconds` in 1, and `by` came with 3. */
const PageTimed = defineEvent({
  type: 'PageTimed',
  family: 'page',
  version: 3,
  data: z.object({ url: z.string(), ms: z.number(), by: z.enum(['worker', 'unknown']) }),
  upcasts: {
    1: (data) => {
      const { seconds, ...rest } = z.looseObject({ seconds: z.number() }).parse(data);
      return { ...rest, ms: seconds * 1000 };
    },
    2: (data) => ({ ...z.looseObject({}).parse(data), by: 'unknown' }),
  },
});

describe('data of an event through its upcasts', () => {
  test.each([
    [1, { url: 'u', seconds: 2 }],
    [2, { url: 'u', ms: 2000 }],
    [3, { url: 'u', ms: 2000, by: 'unknown' }],
  ])('given version %d, then it has the present shape', (version, data) =>
    expect(toPresentOf(PageTimed, version, data)).toEqual({ data: { url: 'u', ms: 2000, by: 'unknown' } }),
  );

  test.each<[string, number, unknown]>([
    ['written by newer code: version 4, this code reads up to 3', 4, {}],
    ['version 1 of PageTimed could not be brought to 2', 1, { url: 'u' }],
    ['its data is malformed: ms: Invalid input', 2, { url: 'u', ms: 'x' }],
  ])('given what cannot be read, then the reason is: %s', (reason, version, data) =>
    expect(toPresentOf(PageTimed, version, data)).toEqual({ reason: expect.stringContaining(reason) }),
  );

  test('given a way that has a gap, then that is the reason', () => {
    const { 2: second } = PageTimed.upcasts;
    const gapped = { ...PageTimed, upcasts: { 2: second! } };
    expect(toPresentOf(gapped, 1, {})).toEqual({
      reason: 'there is no way from version 1 of PageTimed to 2',
    });
  });
});

/** `{ data, present }`: data as that version wrote it, and what the present code makes of it. */
const goldenOf = (type: string, version: number): string => `test/fixtures/upcasts/${type}.v${version}.json`;
const earlier = Object.values(catalogue).flatMap(({ type, version }) =>
  Array.from({ length: version - 1 }, (_, i): [EventType, number] => [type, i + 1]),
);

test('every version that an event has had comes with a golden file, and still reads as it says', () => {
  const missing = earlier
    .map(([type, version]) => goldenOf(type, version))
    .filter((file) => !existsSync(file));
  expect(missing).toEqual([]);
  for (const [type, version] of earlier) {
    const golden = JSON.parse(readFileSync(goldenOf(type, version), 'utf8')) as {
      data: unknown;
      present: unknown;
    };
    expect(toPresent(type, version, golden.data)).toEqual({ data: golden.present });
  }
});
