import { jobSpec } from '#libs/events';
import { wordsOf } from './issue-words.js';

it.each([
  [{ start: 'x' }, 'start: must be a list'],
  [{ start: ['http://a.test/'], scope: { maxPages: 0 } }, 'scope.maxPages: must be more than 0'],
  [{ start: ['http://a.test/'], scope: { maxPages: 'ten' } }, 'scope.maxPages: must be a number'],
  [
    { start: ['http://a.test/'], politeness: { robots: 'x' } },
    'politeness.robots: must be one of mark, obey, ignore',
  ],
  [{ start: ['http://a.test/'], politeness: 3 }, 'politeness: must be an object'],
])('given %p, then says what it must be', (spec, expected) => {
  const { error } = jobSpec.safeParse(spec);
  const [first] = error!.issues;
  expect(`${first!.path.join('.')}: ${wordsOf(first!)}`).toBe(expected);
});
