import { Frontier } from './frontier.js';
import { History } from '#libs/testing/history';

const A = 'https://a.test/';
const at = (path: string): string => `https://a.test${path}`;

function folded(history: History): Frontier {
  const frontier = new Frontier(history.jobId, [1, 2]);
  for (const event of history.events) frontier.apply(event);
  return frontier;
}
const opened = (frontier: Frontier): string[] =>
  frontier
    .takeOpened()
    .map((index) => frontier.entryAt(index)!)
    .filter((e) => e.outcome === 'open')
    .map((e) => e.url);

describe('Frontier', () => {
  test('a start URL is open until it has an outcome, and its links are known once', () => {
    const frontier = folded(
      new History()
        .started({ start: [A] })
        .fetched(A, ['/b', '/c'])
        .fetched(at('/b'), ['/c', '/d', '/']),
    );
    expect(opened(frontier)).toEqual([at('/c'), at('/d')]);
    expect(frontier.counts).toEqual({ discovered: 4, fetched: 2, failed: 0, skipped: 0, open: 2 });
  });

  test('links are read against the final URL of the page, not the one that was asked for', () => {
    const frontier = folded(
      new History().started({ start: [A] }).fetched(A, ['/x'], { finalUrl: 'https://b.test/y' }),
    );
    expect(opened(frontier)).toEqual(['https://b.test/x']);
  });

  test('of two outcomes of a page the first one wins, and an event is folded once', () => {
    const history = new History()
      .started({ start: [A] })
      .fetched(A, ['/b'])
      .fetched(A, ['/late'], { try: 2 });
    const frontier = folded(history);
    frontier.apply(history.events[1]!);
    expect(frontier.find(at('/late'))).toBeNull();
    expect(frontier.counts).toMatchObject({ discovered: 2, fetched: 1 });
  });

  test('a fact counts whatever the status is when it arrives', () => {
    const frontier = folded(
      new History()
        .started({ start: [A] })
        .add('JobStopped', { commandId: 's', run: 1 })
        .fetched(A, ['/b']),
    );
    expect(frontier.counts).toMatchObject({ fetched: 1, open: 1 });
  });

  test('a restart opens everything again, and facts of the old generation no longer count', () => {
    const frontier = folded(
      new History()
        .started({ start: [A] })
        .fetched(A, ['/b'])
        .add('JobStopped', { commandId: 's', run: 1 })
        .add('JobRestarted', { commandId: 'r', run: 2, generation: 2 })
        .fetched(A, ['/old'], { run: 1 }),
    );
    expect(frontier.counts).toEqual({ discovered: 1, fetched: 0, failed: 0, skipped: 0, open: 1 });
  });

  test('a requeued page is open again with no attempt burned, and older facts of it do not count', () => {
    const frontier = folded(
      new History()
        .started({ start: [A] })
        .retried(A)
        .fetched(A, [], { try: 2, statusCode: 500 })
        .add('PagesRequeued', { commandId: 'q', run: 2, filter: {}, urls: [A] })
        .fetched(A, [], { run: 1, try: 3 }),
    );
    expect(frontier.find(A)).toMatchObject({ outcome: 'open', attempts: 0, dueAt: 0 });
    expect(opened(frontier)).toContain(A);
    expect(frontier.counts).toMatchObject({ fetched: 0, open: 1 });
  });

  test('a retry waits from the time the server stored it; a tolerated try burns no attempt but a number', () => {
    const frontier = folded(
      new History()
        .started({ start: [A] })
        .retried(A)
        .retried(A, { try: 2, attempt: 2, burned: false }),
    );
    expect(frontier.find(A)).toMatchObject({ attempts: 1, tries: 2, tryRun: 1, dueAt: 3000 + 2000 });
  });

  test('a shorter path to an open page lowers its depth', () => {
    const frontier = folded(
      new History()
        .started({ start: [A, at('/s')] })
        .fetched(A, ['/far'], { depth: 3 })
        .fetched(at('/s'), ['/far'], { depth: 0 }),
    );
    expect(frontier.find(at('/far'))!.depth).toBe(1);
  });

  test('lastPage is the page up to which every page has an outcome', () => {
    const pages = { template: 'https://a.test/?page={page}', from: 1, to: 5 };
    const p = (n: number): string => at(`/?page=${n}`);
    const history = new History().started({ pages });
    expect(folded(history).lastPage).toBe(0);
    history.fetched(p(1)).fetched(p(2)).fetched(p(4));
    expect(folded(history).lastPage).toBe(2);
    history.fetched(p(3));
    expect(folded(history).lastPage).toBe(4);
    expect(folded(new History().started({ start: [A] })).lastPage).toBeNull();
  });

  test('what a host asks for is known from its outcomes', () => {
    const robots = {
      policy: 'obey',
      allowed: true,
      confidence: 'high',
      reason: 'allowed',
      rule: null,
      crawlDelayMs: 90_000,
      crawlDelayHonouredMs: 30_000,
    } as const;
    const frontier = folded(new History().started({ start: [A] }).fetched(A, [], { robots }));
    expect(frontier.hosts.crawlDelays.get('a.test')).toBe(30_000);
    expect(frontier.hosts.met.has('a.test')).toBe(true);
  });
});
