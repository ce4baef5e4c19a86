import { parseMoment } from './moment.js';

const NOW = Date.parse('2026-03-01T00:00:00Z');

test.each([
  ['0', { seq: 0 }],
  ['1234', { seq: 1234 }],
  ['90s', { time: NOW - 90_000 }],
  ['10m', { time: NOW - 600_000 }],
  ['2d', { time: NOW - 172_800_000 }],
  ['2026-01-31', { time: Date.parse('2026-01-31T00:00:00Z') }],
  ['2026-01-31T12:00', { time: Date.parse('2026-01-31T12:00:00Z') }],
  ['2026-01-31T12:00:00.250', { time: Date.parse('2026-01-31T12:00:00.250Z') }],
  ['2026-01-31T12:00:00Z', { time: Date.parse('2026-01-31T12:00:00Z') }],
  ['2026-01-31T12:00:00+02:00', { time: Date.parse('2026-01-31T10:00:00Z') }],
])('given %s, then it is %j', (text, moment) => {
  expect(parseMoment(text, 'at', NOW)).toEqual(moment);
});

test.each(['', 'yesterday', '-5', '1.5', '10x', '2026-02-30', '2026-13-01T00:00:00Z', '12:00'])(
  'given %j, then the field is named',
  (text) => {
    expect(() => parseMoment(text, 'at', NOW)).toThrow(
      expect.objectContaining({ code: 'invalid_request', details: expect.objectContaining({ field: 'at' }) }),
    );
  },
);
