import { eventSummary, type StoredEvent } from './index.js';

const event = (data: object): StoredEvent =>
  ({
    ...{
      type: 'ItemsReextracted',
      jobId: '0-job',
      id: 'x',
      seq: 1,
      storedAt: 1,
      time: '2026-01-01T00:00:00Z',
    },
    data: { url: 'http://a.test/', version: 2, ...data },
  }) as StoredEvent;

describe('an event in one line', () => {
  it.each([
    [0, '0 items'],
    [1, '1 item'],
    [2, '2 items'],
  ])('given %i, then it says %s', (n, told) => {
    const items = Array.from({ length: n }, (_, index) => ({ index, data: {} }));
    expect(eventSummary(event({ items })).endsWith(`version 2, ${told}`)).toBe(true);
  });
});
