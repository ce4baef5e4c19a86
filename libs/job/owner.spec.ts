import { resolvedJobSpec, type JobEvent } from '#libs/events';
import { foldDecisions } from './index.js';

const spec = resolvedJobSpec.parse({});
const event = (seq: number, type: JobEvent['type'], data: object): JobEvent =>
  ({
    seq,
    type,
    jobId: '0-job00000',
    id: `e${seq}`,
    time: '',
    storedAt: seq,
    data: { commandId: `c${seq}`, ...data },
  }) as JobEvent;
const started = (over: object = {}) =>
  event(1, 'JobStarted', { run: 1, generation: 1, spec, start: [], owner: 'ann', ...over });
const copiedFrom = { jobId: '0-other0000', seq: 1, upTo: 9 };

describe('whose a job is', () => {
  it('given a start, then whoever started it; without a key, nobody’s', () => {
    expect(foldDecisions([started()])?.owner).toBe('ann');
    expect(foldDecisions([started({ owner: undefined })])?.owner).toBeNull();
  });

  it('given a fork, then whoever forked it, and nobody’s until it is whole', () => {
    const copied = started({ copiedFrom });
    expect(foldDecisions([copied])?.owner).toBeNull();
    const forked = { run: 2, parent: copiedFrom, events: 1, bodies: { linked: 0, missing: 0 } };
    expect(foldDecisions([copied, event(2, 'JobForked', { ...forked, owner: 'bob' })])?.owner).toBe('bob');
    expect(
      foldDecisions([copied, event(2, 'JobForked', { ...forked, owner: 'bob', copiedFrom })])?.owner,
    ).toBeNull();
  });

  it('given a removal, then the tombstone is still its owner’s', () => {
    expect(foldDecisions([event(5, 'JobRemoved', { owner: 'ann' })])?.owner).toBe('ann');
  });
});
