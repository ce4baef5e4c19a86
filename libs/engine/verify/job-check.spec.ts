import { History } from '#libs/testing/history';
import type { StoredEvent } from '#libs/events';
import { JobCheck } from './job-check.js';

const JOB = '0-testjob00';
const PAGES = ['https://a.test/', 'https://a.test/1'];

/** Each decision names the one before it, as its writer does. */
function check(
  events: StoredEvent[],
  expected: (event: StoredEvent, previous: number) => number = (_, p) => p,
) {
  const job = new JobCheck(0, JOB, [1, 2]);
  let previous = 0;
  return events.flatMap((entry) => {
    const isDecision = !('url' in entry.data);
    const found = job.see({ entry, expectedSeq: isDecision ? expected(entry, previous) : null });
    if (isDecision) previous = entry.seq;
    return found.map(({ code, seq }) => `${code} ${seq}`);
  });
}

const pages = { discovered: 2, fetched: 2, failed: 0, skipped: 0, open: 0 };
const whole = (): History =>
  new History(JOB)
    .started({ start: PAGES })
    .fetched(PAGES[0]!)
    .add('JobPaused', { commandId: 'p', run: 1, by: 'user' })
    .add('JobResumed', { commandId: 'r', run: 2 })
    .fetched(PAGES[1]!, [], { run: 2 })
    .add('JobCompleted', { commandId: 'c', run: 2, because: 'exhausted', pages })
    .add('JobRestarted', { commandId: 'again', run: 3, generation: 2 })
    .fetched(PAGES[0]!, [], { run: 3, generation: 2 });
const without = (seq: number): StoredEvent[] => whole().events.filter((event) => event.seq !== seq);

describe('the history of one job', () => {
  it('given a whole one, then nothing is found', () => {
    expect(check(whole().events)).toEqual([]);
  });

  it('given a decision that is not there, then the next one names it', () => {
    // JobPaused is 3; JobResumed was decided on it.
    expect(check(without(3), ({ seq }, previous) => (seq === 4 ? 3 : previous))).toEqual([
      'decision_missing 4',
    ]);
  });

  it('given a resume that is not there, then its run has not begun', () => {
    expect(check(without(4))).toContain('run_out_of_order 5');
  });

  it('given no beginning, then that is said once', () => {
    expect(check(without(1))).toEqual(['facts_without_job 2']);
  });

  it('given fewer outcomes than at its completion, then they are missing', () => {
    expect(check(without(2))).toEqual(['outcomes_missing 6']);
  });

  it('given one id twice, then it is a duplicate', () => {
    const { events } = whole();
    const twice = { ...events[1]!, seq: 9 };
    expect(check([...events, twice])).toEqual(['duplicate_event 9']);
  });

  it('given the tombstone alone, then the rest is gone by right', () => {
    const { events } = new History(JOB).add('JobRemoved', { commandId: 'x' });
    expect(check(events, () => 77)).toEqual([]);
  });

  it('given an event that cannot be read, then nothing is concluded from what follows', () => {
    const job = new JobCheck(0, JOB, [1, 2]);
    const about = {
      seq: 1,
      storedAt: 0,
      subject: '',
      jobId: JOB,
      type: 'JobStarted',
      id: 'x',
      reason: 'damaged',
    };
    job.see({ entry: { unreadable: true, ...about }, expectedSeq: 0 });
    const [, fact] = whole().events;
    expect(job.see({ entry: fact!, expectedSeq: null })).toEqual([]);
  });
});
