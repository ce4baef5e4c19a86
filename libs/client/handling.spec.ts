import { History } from '../testing/history/index.js';
import type { UnreadableEvent } from '#libs/events';
import { HandlerFailedError, RetryLaterError, UnreadableEventError } from './errors.js';
import { Handling, type Given } from './handling.js';

const event = new History().fetched('https://a.test/').last;
const unreadable: UnreadableEvent = {
  ...{ unreadable: true, seq: 7, storedAt: 0, subject: '', jobId: '0-testjob00', type: 'PageFetched' },
  ...{ id: 'x', reason: 'written by newer code' },
};
const given = (over: Partial<Given> = {}): Given => ({
  shard: 0,
  checkpoint: { stream: 'S', seq: 1, event: null },
  signal: new AbortController().signal,
  isThere: () => Promise.resolve(true),
  ...over,
});
const retry = { attempts: 3, baseMs: 1, maxMs: 2 };

describe('Handling', () => {
  it('given a handler that throws twice, then it is called a third time, and told so', async () => {
    const attempts: number[] = [];
    const on = (_: unknown, meta: { attempt: number }): void => {
      attempts.push(meta.attempt);
      if (meta.attempt < 3) throw new Error('no');
    };
    const handling = new Handling({ on, retry });
    expect(await handling.handle(event, given())).toBe(true);
    expect(attempts).toEqual([1, 2, 3]);
    expect(handling.counts).toEqual({ handled: 1, retried: 2, deadLettered: 0 });
  });

  it('given a handler that names its wait, then that is kept, in place of the growing one', async () => {
    let calls = 0;
    const on = (): void => {
      if (calls++ === 0) throw new RetryLaterError('busy', 1);
    };
    // The growing wait would outlast the test.
    const handling = new Handling({ on, retry: { attempts: 2, baseMs: 3_600_000, maxMs: 3_600_000 } });
    expect(await handling.handle(event, given())).toBe(true);
    expect(calls).toBe(2);
  });

  it('given a handler that always throws, then its event, its attempts and the cause are told', async () => {
    const handling = new Handling({ on: { PageFetched: () => Promise.reject(new Error('full')) }, retry });
    const error = await handling.handle(event, given()).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(HandlerFailedError);
    expect(error).toMatchObject({ event, message: expect.stringContaining('failed 3 times: full') });
  });

  it('given a place for dead letters, then it takes the event and the next one can come', async () => {
    const dead: unknown[] = [];
    const handling = new Handling({
      ...{ on: () => Promise.reject(new Error('full')), retry },
      deadLetter: (entry, error) => void dead.push([entry.seq, error.message]),
    });
    expect(await handling.handle(event, given())).toBe(true);
    expect(dead).toEqual([[event.seq, expect.stringContaining('full')]]);
    expect(handling.counts.deadLettered).toBe(1);
  });

  it('given an event that cannot be read, then it is not passed over', async () => {
    const handling = new Handling({ on: () => undefined, retry });
    await expect(handling.handle(unreadable, given())).rejects.toThrow(UnreadableEventError);
  });

  it('given one whose lists are gone because its job was removed meanwhile, then it is', async () => {
    const handling = new Handling({ on: () => undefined, retry });
    expect(await handling.handle(unreadable, given({ isThere: () => Promise.resolve(false) }))).toBe(true);
    expect(handling.counts.handled).toBe(0);
  });

  it('given an end between two attempts, then the event counts as not handled', async () => {
    const abort = new AbortController();
    const on = (): void => {
      abort.abort();
      throw new Error('no');
    };
    const handling = new Handling({ on, retry: { ...retry, baseMs: 60_000, maxMs: 60_000 } });
    expect(await handling.handle(event, given({ signal: abort.signal }))).toBe(false);
  });
});
