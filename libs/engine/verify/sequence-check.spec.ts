import { SequenceCheck } from './sequence-check.js';

const state = (lastSeq: number, deleted: number[] = [], firstSeq = 1) => ({
  ...{ stream: 's', firstSeq, lastSeq, messages: 0 },
  deleted: new Set(deleted),
});

function check(seqs: (number | 'removal')[], then: ReturnType<typeof state>) {
  const sequence = new SequenceCheck(0);
  let last = 0;
  for (const seq of seqs) {
    last = seq === 'removal' ? last + 1 : seq;
    sequence.see(last, seq === 'removal');
  }
  return sequence.findings(then).map(({ code, message }) => `${code}: ${message}`);
}

describe('sequences of a log', () => {
  it('given every event, then nothing is found', () => {
    expect(check([1, 2, 3], state(3))).toEqual([]);
  });

  it('given events that the store counts on and cannot give, then it is damaged', () => {
    expect(check([1, 4], state(4))).toEqual([
      'event_damaged: Events 2 to 3 cannot be read: the store is damaged.',
    ]);
  });

  it('given deleted events and no removal behind them, then they are missing', () => {
    expect(check([1, 'removal', 4], state(4, [3]))).toEqual([
      'events_missing: Event 3 is missing, and no job was removed since.',
    ]);
  });

  it('given deleted events of a job that was removed later, then nothing is found', () => {
    expect(check([3, 'removal', 5], state(5, [], 3))).toEqual([]);
    expect(check([1, 3, 'removal'], state(4, [2]))).toEqual([]);
  });

  it('given a removal behind it, then an event that the store does not call deleted is damaged all the same', () => {
    expect(check([1, 3, 'removal'], state(4))).toEqual([
      'event_damaged: Event 2 cannot be read: the store is damaged.',
    ]);
  });

  it('given an end that cannot be read, then it is named', () => {
    expect(check([1, 2], state(4))).toEqual([
      'event_damaged: Events 3 to 4 cannot be read: the store is damaged.',
    ]);
  });

  it('given a log without its beginning, then it is named', () => {
    expect(check([5], state(5, [], 5))).toEqual([
      'events_missing: Events 1 to 4 are missing, and no job was removed since.',
    ]);
  });

  it('given very many gaps, then twenty are named and the others counted', () => {
    const odd = Array.from({ length: 50 }, (_, i) => 2 * i + 1);
    const found = check(odd, state(99));
    expect(found).toHaveLength(20);
    expect(found.at(-1)).toMatch('There are 29 more such gaps.');
  });
});
