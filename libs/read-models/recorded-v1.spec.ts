import { readFileSync, writeFileSync } from 'node:fs';
import { isUnreadable, parseEventLine, type LogEntry, type StoredEvent } from '#libs/events';
import { foldDecisions, Frontier, positionOf } from '#libs/job';
import { fold, plan, type FoldState } from './index.js';

/** A crawl of twelve pages whose proxy failed at the seventh, resumed; how it was recorded: test/fixtures/record-log.mjs. */
const RECORDING = 'test/fixtures/log-v1.jsonl';
const GOLDEN = 'test/fixtures/log-v1.golden.json';

const entries = readFileSync(RECORDING, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line): LogEntry => {
    const parsed = parseEventLine(line);
    if ('reason' in parsed) throw new Error(parsed.reason);
    return parsed.entry;
  });
const events = entries.filter((entry): entry is StoredEvent => !isUnreadable(entry));

function everyFold(): unknown {
  const state: FoldState = { jobs: new Map(), pages: new Map(), parkedJobs: new Set() };
  const rows = fold(plan(entries, state.jobs), state, { shard: 0, codeVersion: 'golden' });
  const [{ jobId } = { jobId: '' }] = events;
  const frontier = new Frontier(jobId, [1, 2]);
  for (const event of events) frontier.apply(event);
  return JSON.parse(
    JSON.stringify({
      job: foldDecisions(events.filter((event) => !('try' in event.data)) as never),
      position: positionOf(frontier),
      counts: frontier.counts,
      rows,
    }),
  ) as unknown;
}

test('the recording has a proxy failure, a resume and an end, and all of it can be read', () => {
  expect(events).toHaveLength(entries.length);
  const decisions = events.map(({ type }) => type).filter((type) => type !== 'PageFetched');
  expect(decisions).toEqual(['JobStarted', 'ProxyFailed', 'JobResumed', 'JobCompleted']);
});

/** `UPDATE_GOLDEN=1` writes it anew; a difference means that old logs give other results now, and has to be meant. */
test('the folds of the present code give what they gave of a log of the first version', () => {
  const dump = everyFold();
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(GOLDEN, `${JSON.stringify(dump, null, 2)}\n`);
  expect(dump).toEqual(JSON.parse(readFileSync(GOLDEN, 'utf8')));
});
