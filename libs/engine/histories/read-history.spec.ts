import type { LogEntry } from '#libs/events';
import { History } from '#libs/testing/history';
import { readHistory, type HistoryRange, type ReadEvents } from './read-history.js';

const EVENTS = 12_000;
const history = new History().started({ start: ['https://site.test/'] });
for (let n = 1; n < EVENTS; n++)
  if (n % 10 === 0) history.retried(`https://site.test/${n}`);
  else history.fetched(`https://site.test/${n}`);

const head = { firstSeq: 1, lastSeq: EVENTS };
let begun = 0;
const read: ReadEvents = async function* ({ fromSeq = 1 }) {
  begun++;
  for (let from = fromSeq; from <= EVENTS; from += 500) {
    const entries = history.events.slice(from - 1, from + 499);
    const upTo = entries.at(-1)!.seq;
    yield { entries, upTo, caughtUp: upTo === EVENTS };
  }
};

async function seqs(range: HistoryRange): Promise<number[]> {
  const found: number[] = [];
  for await (const { seq } of readHistory(read, head, range)) found.push(seq);
  return found;
}
const all = Array.from({ length: EVENTS }, (_, i) => i + 1);

test('given nothing more, then everything comes in order; reversed, the other way round', async () => {
  expect(await seqs({})).toEqual(all);
  expect(await seqs({ reverse: true })).toEqual(all.toReversed());
});

test('given both ends, then they belong to it, in either direction', async () => {
  expect(await seqs({ fromSeq: 4, toSeq: 7 })).toEqual([4, 5, 6, 7]);
  expect(await seqs({ fromSeq: 4, toSeq: 7, reverse: true })).toEqual([7, 6, 5, 4]);
  expect(await seqs({ fromSeq: 7, toSeq: 4 })).toEqual([]);
  expect(await seqs({ toSeq: EVENTS + 5, fromSeq: EVENTS, reverse: true })).toEqual([EVENTS]);
});

test('given the last few, then the rest of the log is not read', async () => {
  begun = 0;
  expect(await seqs({ reverse: true, limit: 3 })).toEqual([EVENTS, EVENTS - 1, EVENTS - 2]);
  expect(begun).toBe(1);
});

test('given what is wanted, then only that comes', async () => {
  const wants = (entry: LogEntry): boolean => entry.type === 'FetchRetried';
  expect(await seqs({ wants, limit: 2 })).toEqual([11, 21]);
  expect(await seqs({ wants, limit: 2, reverse: true })).toEqual([EVENTS - 9, EVENTS - 19]);
});

test('given events too large to be held together, then each still comes once, the last first', async () => {
  const wide = new History().started({ start: ['https://site.test/'] });
  for (let n = 1; n < 6; n++)
    wide.fetched(`https://site.test/${n}`, [], { title: 'x'.repeat(12 * 1024 * 1024) });
  const { events } = wide;
  let most = 0;
  const readWide: ReadEvents = async function* ({ fromSeq = 1 }) {
    const entries = events.slice(fromSeq - 1);
    most = Math.max(most, entries.length);
    yield { entries, upTo: events.length, caughtUp: true };
  };
  const found: number[] = [];
  for await (const { seq } of readHistory(
    readWide,
    { firstSeq: 1, lastSeq: events.length },
    { reverse: true },
  ))
    found.push(seq);
  expect(found).toEqual([6, 5, 4, 3, 2, 1]);
  expect(most).toBe(6);
});
