import { mismatch, type Checkpoint } from './checkpoint.js';

const head = { stream: 'S@1', firstSeq: 1, lastSeq: 20, bytes: 0, maxBytes: null };
const at = (seq: number, id: string | null): Checkpoint => ({
  stream: 'S@1',
  seq,
  event: id === null ? null : { seq, id },
});
const log =
  (events: Record<number, string>) =>
  (seq: number): Promise<string | null> =>
    Promise.resolve(events[seq] ?? null);

describe('a checkpoint against the log that is found', () => {
  it('holds when the log still has its event', async () =>
    expect(await mismatch(at(10, 'a'), head, log({ 10: 'a' }))).toBeNull());

  it('holds when its event was purged since', async () =>
    expect(await mismatch(at(10, 'a'), head, log({}))).toBeNull());

  it('holds when it has seen no event yet', async () =>
    expect(await mismatch(at(0, null), head, log({}))).toBeNull());

  it.each([
    ['made anew', { ...at(10, 'a'), stream: 'S@0' }],
    ['ends at 20, and 21 was read', at(21, 'a')],
    ['another event at 10', at(10, 'b')],
  ])('does not hold: %s', async (reason, found) =>
    expect(await mismatch(found, head, log({ 10: 'a' }))).toContain(reason),
  );
});
