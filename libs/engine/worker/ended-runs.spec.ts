import type { JobEvent, JobEventType } from '#libs/events';
import { endedBy, EndedRuns } from './ended-runs.js';

const batch = (run: number, generation = 1) => ({
  ...{ jobId: '0-aaaaaaaa', run, generation, jobSeq: 1, logSeq: 1, tasks: [] },
});

describe('ended runs', () => {
  it('ends the runs up to the named one, and older generations', () => {
    const ended = new EndedRuns();
    expect(ended.has(batch(1))).toBe(false);
    ended.add('0-aaaaaaaa', { run: 2, generation: 0 });
    expect([1, 2, 3].map((run) => ended.has(batch(run)))).toEqual([true, true, false]);
    ended.add('0-aaaaaaaa', { run: 0, generation: 1 });
    expect([ended.has(batch(3, 1)), ended.has(batch(3, 2)), ended.has(batch(2, 2))]).toEqual([
      true,
      false,
      true,
    ]);
    expect(ended.has({ ...batch(1), jobId: '0-bbbbbbbb' })).toBe(false);
  });

  it('keeps a bounded number of jobs', () => {
    const ended = new EndedRuns();
    for (let i = 0; i < 10_001; i++) ended.add(`0-${String(i).padStart(8, '0')}`, { run: 1, generation: 0 });
    expect(ended.has({ ...batch(1), jobId: '0-00000000' })).toBe(false);
    expect(ended.has({ ...batch(1), jobId: '0-00010000' })).toBe(true);
  });
});

/** Only what the question looks at. */
const decision = (type: JobEventType, data: object): JobEvent =>
  ({
    ...{ type, id: 'x', jobId: '0-aaaaaaaa', seq: 1, storedAt: 0, time: '' },
    data: { commandId: 'c', ...data },
  }) as JobEvent;

it.each<[JobEventType, object, boolean, boolean]>([
  ['JobStopped', { run: 2 }, true, false],
  ['ProxyFailed', { run: 2 }, true, false],
  ['JobCompleted', { run: 2 }, true, false],
  ['JobRestarted', { run: 3, generation: 2 }, true, false],
  ['JobRemoved', {}, true, true],
  ['JobPaused', { run: 2 }, false, false],
  ['JobStarted', { run: 1 }, false, false],
  ['JobResumed', { run: 3 }, false, false],
  ['PagesRequeued', { run: 3 }, false, false],
])('%s %p ends what was before it: %s, and what comes after: %s', (type, data, before, after) => {
  const ended = new EndedRuns();
  const end = endedBy(decision(type, data));
  if (end) ended.add('0-aaaaaaaa', end);
  expect([ended.has(batch(2, 1)), ended.has(batch(3, 2))]).toEqual([before, after]);
});
