import { failPointOf } from './fail-point.js';

describe('fail points', () => {
  it.each([undefined, '', 'before_lunch', 'after_fetch:x', 'AFTER_FETCH'])('has none for %p', (value) => {
    expect(failPointOf(value)).toBeUndefined();
  });

  it.each([
    ['after_publish', 1],
    ['after_publish:3', 3],
  ])('%s dies at passing %i and at no other point', (value, passing) => {
    let deaths = 0;
    const point = failPointOf(value, () => (deaths += 1))!;
    for (let i = 1; i < passing; i++) point('after_publish');
    point('after_fetch');
    point('before_ack');
    expect(deaths).toBe(0);
    point('after_publish');
    expect(deaths).toBe(1);
    point('after_publish');
    expect(deaths).toBe(1);
  });
});
