import { createHash } from 'node:crypto';
import { pageKey, type EventData } from '#libs/events';
import { History } from '#libs/testing/history';
import { Frontier } from '../frontier.js';
import { JobProof } from './job-proof.js';

const KEY = [1, 2] as const;
const SITE = 'https://site.test';
const page = (n: number): string => `${SITE}/${n}`;
const ref = { commandId: 'c', run: 1 } as const;
const failed = (url: string): EventData<'FetchFailed'> => ({
  ...{ url, generation: 1, run: 1, try: 1, stage: 'page', depth: 1, attempt: 3, code: 'timeout' },
  ...{ message: 'Request timeout', statusCode: 0, finalUrl: url, redirects: [] },
});
const stopped = () =>
  new History()
    .started({ start: [page(0)] })
    .fetched(page(0), ['/1', '/2', '/3'])
    .fetched(page(1))
    .add('FetchFailed', failed(page(2)))
    .add('JobStopped', ref);
const resumed = () => stopped().add('JobResumed', { ...ref, run: 2 });

function prove({ events, jobId }: History) {
  const proof = new JobProof(jobId, KEY);
  for (const event of events) proof.apply(event);
  return proof.report()!;
}
/** As anybody may do it: sorted, one a line, `sha256sum`. */
const digest = (...urls: string[]): string =>
  createHash('sha256')
    .update(
      urls
        .map((url) => `${pageKey(url)}\n`)
        .sort()
        .join(''),
    )
    .digest('hex');

test('given a job in the middle, then its pages add up, and the sets are named by what is in them', () => {
  const report = prove(stopped());
  expect(report).toMatchObject({
    ...{ status: 'stopped', seq: 5, holds: true, violations: [] },
    pages: { discovered: 4, fetched: 2, failed: 1, skipped: 0, open: 1 },
    known: { pages: 4, sha256: digest(page(0), page(1), page(2), page(3)) },
    done: { pages: 3, sha256: digest(page(0), page(1), page(2)) },
  });
});

test('given the same history, then the frontier counts the same', () => {
  const history = resumed().fetched(page(3), ['/9'], { run: 2 });
  const frontier = new Frontier(history.jobId, KEY);
  for (const event of history.events) frontier.apply(event);
  expect(prove(history).pages).toEqual(frontier.counts);
});

test('given a resume, then what was done before stands after it, to the hash', () => {
  const { runs, holds } = prove(resumed().fetched(page(3), [], { run: 2 }));
  const before = { pages: 3, sha256: digest(page(0), page(1), page(2)) };
  expect(runs).toHaveLength(2);
  expect(runs[0]).toMatchObject({ run: 1, began: 'JobStarted', fromSeq: 1, toSeq: 5, after: before });
  expect(runs[1]).toEqual({
    ...{ run: 2, generation: 1, began: 'JobResumed', fromSeq: 6, toSeq: 7 },
    ...{ before, kept: before, reopened: 0, refetched: 0, repeated: 0 },
    after: { pages: 4, sha256: digest(page(0), page(1), page(2), page(3)) },
  });
  expect(holds).toBe(true);
});

test('given a run that fetches again what was done, then the proof does not hold and says which run', () => {
  const report = prove(resumed().fetched(page(1), [], { run: 2 }));
  expect(report.holds).toBe(false);
  expect(report.violations).toEqual([{ seq: 7, what: 'run 2 fetched 1 pages again that had their outcome' }]);
});

test('given a task that was delivered twice, then its second outcome is told and harms nothing', () => {
  const report = prove(stopped().fetched(page(1), [], { try: 2 }));
  expect(report).toMatchObject({ holds: true, pages: { fetched: 2 }, runs: [{ repeated: 1 }] });
});

test('given an outcome of an earlier run that comes in late, then it counts and nothing is wrong', () => {
  const report = prove(resumed().fetched(page(3), [], { run: 1 }));
  expect(report).toMatchObject({ holds: true, pages: { fetched: 3, open: 0 }, runs: [{}, { refetched: 0 }] });
});

test('given a requeue, then only what it named is open again', () => {
  const requeue = { ...ref, run: 2, filter: {}, urls: [page(2), page(99)] };
  const report = prove(stopped().add('PagesRequeued', requeue).fetched(page(2), [], { run: 2 }));
  expect(report).toMatchObject({ holds: true, pages: { fetched: 3, failed: 0, open: 1 } });
  expect(report.runs[1]).toMatchObject({
    ...{ began: 'PagesRequeued', reopened: 1, before: { pages: 3 }, after: { pages: 3 } },
    kept: { pages: 2, sha256: digest(page(0), page(1)) },
  });
});

test('given a restart, then everything is open again and nothing is lost by it', () => {
  const report = prove(stopped().add('JobRestarted', { ...ref, run: 2, generation: 2 }));
  expect(report).toMatchObject({ holds: true, generation: 2, pages: { discovered: 1, open: 1 } });
  expect(report.runs[1]).toMatchObject({ before: { pages: 3 }, reopened: 3, kept: { pages: 0 } });
});

test('given a paginated job, then its pages are known from the start', () => {
  const pages = { template: `${SITE}/list?page={page}`, from: 1, to: 5 };
  expect(prove(new History().started({ pages })).pages).toMatchObject({ discovered: 5, open: 5 });
});

test('given an outcome of a page that nothing led to, then the proof does not hold', () => {
  expect(prove(stopped().fetched(page(50)))).toMatchObject({
    holds: false,
    violations: [{ seq: 6, what: `PageFetched of a page that was never found: ${page(50)}` }],
  });
});

test('given a coordinator that counted otherwise, then the proof does not hold', () => {
  const pages = { discovered: 4, fetched: 4, failed: 0, skipped: 0, open: 0 };
  const report = prove(stopped().add('JobCompleted', { ...ref, because: 'exhausted', pages }));
  expect(report.holds).toBe(false);
  expect(report.violations.map(({ what }) => what)).toContain('it says 4 fetched, the history 2');
});

test('given an event that cannot be read, then nothing is claimed', () => {
  const proof = new JobProof('0-testjob00', KEY);
  for (const event of stopped().events) proof.apply(event);
  proof.apply({
    ...{ unreadable: true, seq: 9, storedAt: 1, subject: 's', jobId: '0-testjob00', type: 'X', id: 'x' },
    reason: 'unknown event type X',
  });
  expect(proof.report()).toMatchObject({
    holds: false,
    violations: [{ seq: 9, what: 'it cannot be read: unknown event type X' }],
  });
});
