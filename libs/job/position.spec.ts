import { jobSpecChanges } from '#libs/events';
import { History } from '#libs/testing/history';
import { Frontier } from './frontier.js';
import { positionOf, resumedFrom } from './position.js';
import { specDiff } from './spec-diff.js';
import { withChanges } from './state.js';

const page = (n: number): string => `https://a.test/list?page=${n}`;
const paginated = (): History =>
  new History().started({
    pages: { template: 'https://a.test/list?page={page}', from: 1, to: 5 },
    stages: [
      { name: 'list', follow: [{ stage: 'company' }] },
      { name: 'company', follow: [] },
    ],
  });

function folded({ jobId, events }: History): Frontier {
  const frontier = new Frontier(jobId, [1, 2]);
  for (const event of events) frontier.apply(event);
  return frontier;
}
const position = (history: History) => positionOf(folded(history));
const done = (history: History, n: number, companies: string[] = []): History =>
  history.fetched(page(n), [], { stage: 'list', links: { follow: { company: companies }, skip: {} } });

describe('position of a job', () => {
  test('lastPage is the page up to which all have an outcome, not the highest one that has', () => {
    const history = paginated();
    expect(position(history)).toMatchObject({ lastPage: 0, nextPage: 1, nextUrl: page(1) });
    done(history, 1);
    done(history, 2);
    done(history, 4);
    expect(position(history)).toMatchObject({ lastPage: 2, nextPage: 3, nextUrl: page(3) });
    done(history, 3);
    expect(position(history)).toMatchObject({ lastPage: 4, nextPage: 5 });
    done(history, 5);
    expect(position(history)).toMatchObject({ lastPage: 5, nextPage: null, nextUrl: null });
  });

  test('a job without pages has neither lastPage nor nextPage, but a next URL', () => {
    const history = new History().started({ start: ['https://a.test/'] });
    expect(position(history)).toMatchObject({ lastPage: null, nextPage: null, nextUrl: 'https://a.test/' });
    history.fetched('https://a.test/', ['/b']);
    expect(position(history)).toMatchObject({ nextUrl: 'https://a.test/b' });
  });

  test('pages are counted by stage, and a resume records what is done and what remains', () => {
    const history = paginated();
    done(history, 1, ['/c/1', '/c/2']);
    history.fetched('https://a.test/c/1', [], { stage: 'company', depth: 1 });
    expect(position(history).stages).toEqual({
      list: { fetched: 1, failed: 0, skipped: 0, open: 4 },
      company: { fetched: 1, failed: 0, skipped: 0, open: 1 },
    });
    expect(resumedFrom(position(history))).toEqual({
      done: { list: 1, company: 1 },
      remaining: { list: 4, company: 1 },
      atSeq: 3,
      lastPage: 1,
      nextPage: 2,
    });
  });

  test('pages that are given back, and a restart, move the position back', () => {
    const history = paginated();
    for (const n of [1, 2, 3]) done(history, n);
    const frontier = folded(history);
    expect(positionOf(frontier)).toMatchObject({ lastPage: 3 });
    const again = { commandId: 'again', run: 2, filter: {}, urls: [page(2)] };
    frontier.apply(history.add('PagesRequeued', again).last);
    expect(positionOf(frontier)).toMatchObject({ lastPage: 1, nextPage: 2, nextUrl: page(2) });
    frontier.apply(history.add('JobRestarted', { commandId: 'anew', run: 3, generation: 2 }).last);
    expect(positionOf(frontier)).toMatchObject({ lastPage: 0, nextPage: 1, nextUrl: page(1) });
  });
});

describe('changes of a resume', () => {
  const { spec } = folded(paginated()).state!;

  test('change what they name and nothing else', () => {
    const before = withChanges(spec, { politeness: { perHost: 9, robots: 'obey' } });
    const changes = jobSpecChanges.parse({ politeness: { concurrency: 1 }, scope: { maxPages: 7 } });
    expect(changes).toEqual({ politeness: { concurrency: 1 }, scope: { maxPages: 7 } });
    const after = withChanges(before, changes);
    expect(after.politeness).toMatchObject({ perHost: 9, robots: 'obey', concurrency: 1 });
    expect(specDiff(before, after)).toEqual([
      { field: 'scope.maxPages', from: null, to: 7 },
      { field: 'politeness.concurrency', from: 16, to: 1 },
    ]);
  });

  test('that change nothing are no difference', () => {
    expect(specDiff(spec, withChanges(spec, { politeness: { perHost: 2 } }))).toEqual([]);
  });

  test('may bring a proxy and take it away', () => {
    const proxied = withChanges(spec, jobSpecChanges.parse({ proxy: { url: { env: 'SPOOR_PROXY_URL' } } }));
    const fields = specDiff(spec, proxied);
    expect(fields).toEqual([{ field: 'proxy', from: null, to: proxied.proxy }]);
    expect(specDiff(proxied, withChanges(proxied, { proxy: null }))).toEqual([
      { field: 'proxy', from: proxied.proxy, to: null },
    ]);
  });

  test('are held to the bounds of the spec', () => {
    expect(jobSpecChanges.safeParse({ politeness: { concurrency: 0 } }).success).toBe(false);
    expect(jobSpecChanges.safeParse({ politeness: { unknown: 1 } }).success).toBe(false);
  });
});
