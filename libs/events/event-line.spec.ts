import { eventLine, parseEventLine } from './event-line.js';
import type { LogEntry, StoredEvent } from './event.js';

const paused: StoredEvent<'JobPaused'> = {
  ...{ type: 'JobPaused', id: '0-testjob00:cmd:c1', jobId: '0-testjob00', time: '2026-01-02T03:04:05.000Z' },
  ...{ seq: 7, storedAt: 1_700_000_000_000, causationId: 'c0' },
  data: { commandId: 'c1', reason: 'lunch', run: 1, by: 'user' },
};
const reading = (text: string): unknown => parseEventLine(text);

test('given an event, when its line is read, then it is the same event', () => {
  expect(reading(eventLine(paused))).toEqual({ entry: paused });
  expect(JSON.parse(eventLine(paused))).toMatchObject({ version: 1 });
});

test('given an entry that could not be read, then it stays one', () => {
  const entry: LogEntry = {
    ...{ unreadable: true, seq: 3, storedAt: 1, subject: 'spoor.events.0.0-testjob00.job' },
    ...{ jobId: '0-testjob00', type: 'JobFrozen', id: 'x', reason: 'unknown event type JobFrozen' },
  };
  expect(reading(eventLine(entry))).toEqual({ entry });
});

test.each([
  ['of an unknown type', { type: 'JobFrozen' }, 'unknown event type JobFrozen'],
  ['of newer code', { version: 99 }, 'written by newer code: version 99, this code reads up to 1'],
  [
    'with malformed data',
    { data: { run: 1 } },
    'its data is malformed: commandId: Invalid input: expected string, received undefined',
  ],
])('given an event %s, then it is unreadable, with the reason', (_, over, reason) => {
  const text = JSON.stringify({ ...paused, ...over });
  expect(reading(text)).toMatchObject({ entry: { unreadable: true, seq: 7, jobId: '0-testjob00', reason } });
});

test.each([
  ['{', 'is no JSON'],
  ['{"hello":"world"}', 'is no event: seq Invalid input: expected number, received undefined'],
  [JSON.stringify({ ...paused, jobId: 'x' }), 'is no event: jobId is no job id'],
])('given the line %s, then it says why it is none', (text, reason) => {
  expect(reading(text)).toEqual({ reason });
});
