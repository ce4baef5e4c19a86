import type { StoredEvent } from '#libs/events';
import { History } from '#libs/testing/history';
import { JobActivity } from './activity.js';

const JOB = '0-aaaaaaaa';
/** One page fact, stored at a time of its own. */
const fetchedAt = (storedAt: number, durationMs: number, url = 'http://a.invalid/'): StoredEvent => {
  const event = new History(JOB).fetched(url).last as StoredEvent<'PageFetched'>;
  const timing = { startedAt: storedAt, durationMs };
  return { ...event, storedAt, data: { ...event.data, timing, receivedBytes: 100 } };
};

test('given pages in several spans, then each is counted where it was stored', () => {
  const activity = new JobActivity();
  for (const at of [10_000, 10_500, 12_000]) activity.apply(fetchedAt(at, 100));
  expect(activity.points.map(({ at, fetched, bytes }) => [at, fetched, bytes])).toEqual([
    [10_000, 2, 200],
    [12_000, 1, 100],
  ]);
});

test('given more spans than are kept, then they become wider and nothing is lost', () => {
  const activity = new JobActivity();
  for (let i = 0; i < 10_000; i++) activity.apply(fetchedAt(i * 1000, 50));
  const { points } = activity;
  expect(points.length).toBeLessThanOrEqual(240);
  expect(points.length).toBeGreaterThan(100);
  expect(points.reduce((sum, { fetched }) => sum + fetched, 0)).toBe(10_000);
  expect(points.every(({ at }) => at % activity.widthMs === 0)).toBe(true);
});

test('given times of responses, then the quantiles are right within a fifth', () => {
  const activity = new JobActivity();
  for (let i = 1; i <= 100; i++) activity.apply(fetchedAt(1000, i * 10));
  const [point] = activity.points;
  expect(point!.p50! / 500).toBeGreaterThan(0.8);
  expect(point!.p50! / 500).toBeLessThan(1.2);
  expect(point!.p95! / 950).toBeGreaterThan(0.8);
  expect(point!.p95! / 950).toBeLessThan(1.2);
});

test('hosts are told apart, the busiest first', () => {
  const activity = new JobActivity();
  activity.apply(fetchedAt(1000, 10, 'http://a.invalid/'));
  for (const path of ['1', '2']) activity.apply(fetchedAt(2000, 30, `http://b.invalid/${path}`));
  expect(activity.hosts(10)).toMatchObject([
    { host: 'b.invalid', fetched: 2, meanMs: 30, lastAt: 2000, bytes: 200 },
    { host: 'a.invalid', fetched: 1, meanMs: 10 },
  ]);
  expect(activity.hosts(1)).toHaveLength(1);
});
