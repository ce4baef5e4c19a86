import { resolveRules, withRules } from './extraction.js';
import { resolveSpec } from './resolve-spec.js';

const { spec } = resolveSpec({
  start: ['https://a.test/'],
  stages: [
    {
      name: 'list',
      follow: [{ selector: 'a', stage: 'page' }],
      items: 'li',
      fields: { n: { selector: 'b' } },
    },
    { name: 'page', fields: { title: { selector: 'h2' } } },
  ],
});
const H1 = { title: { selector: 'h1' } };

test('given stages, a whole job spec, or more than rules, then the rules are taken, and what is followed is not', () => {
  const stage = { name: 'page', follow: [{ selector: 'nav a', stage: 'page' }], fields: H1 };
  const rules = resolveRules([stage], spec);
  expect(rules).toMatchObject([{ name: 'page', fields: H1 }]);
  expect(rules[0]).not.toHaveProperty('follow');
  expect(resolveRules({ name: 'job', stages: [stage] }, spec)).toEqual(rules);
});

test('given rules of one stage, then the others stay, and so does what the stage follows', () => {
  const changed = withRules(spec, resolveRules([{ name: 'list', fields: H1 }], spec));
  const [list, page] = changed.stages;
  expect(list).toMatchObject({ name: 'list', follow: spec.stages[0]!.follow, fields: H1 });
  // A stage without `items` has one a page: what was there before does not shine through.
  expect(list).not.toHaveProperty('items');
  expect(page).toEqual(spec.stages[1]);
  expect({ ...changed, stages: [] }).toEqual({ ...spec, stages: [] });
});

test.each([
  [[{ name: 'pgae', fields: H1 }], 'stages[0].name', 'It has list, page.'],
  [[], 'stages', undefined],
  [null, 'stages', undefined],
  [{ stages: 'page' }, 'stages', undefined],
  [[{ name: 'page', fields: { title: { selector: 'h1[' } } }], 'stages[0].fields.title.selector', undefined],
])('given %j, then it is refused with the field', (input, field, hint) => {
  const refused = (): unknown => resolveRules(input, spec);
  expect(refused).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      details: expect.objectContaining({ field, ...(hint === undefined ? {} : { hint }) }),
    }),
  );
});
