import type { JobEvent } from '#libs/events';
import type { EventLog } from '#libs/engine/ports';
import { History } from '#libs/testing/history';
import { JobResults, type JobSummary } from './job-results.js';
import type { ResultLine } from './result-line.js';

const A = 'https://a.test/';
const at = (path: string): string => `https://a.test${path}`;

const logOf = ({ events }: History): Pick<EventLog, 'readJob' | 'readDecisions'> => ({
  readDecisions: async () => events.filter((e): e is JobEvent => 'commandId' in e.data),
  readJob: async function* () {
    yield { entries: events, upTo: events.at(-1)?.seq ?? 0, caughtUp: true };
  },
});

async function resultsOf(history: History): Promise<{ lines: ResultLine[]; summary: JobSummary }> {
  const lines: ResultLine[] = [];
  const results = new JobResults(logOf(history), history.jobId, [1, 2]);
  const summary = await results.write((line) => void lines.push(JSON.parse(line) as ResultLine));
  return { lines, summary };
}

const failed = (h: History, url: string): History =>
  h.add('FetchFailed', {
    ...{ url, generation: 1, run: 1, try: 1, stage: 'page', depth: 1, attempt: 3 },
    ...{
      code: 'timeout',
      message: 'Request timeout after 30000ms',
      statusCode: 0,
      finalUrl: url,
      redirects: [],
    },
  });

describe('JobResults', () => {
  test('one line for each page row, in the order of outcomes, links absolute and in document order', async () => {
    const history = new History()
      .started({ start: [A] })
      .fetched(A, ['/b', '/c'], { title: 'Home', h1: 'Hi' });
    failed(history.fetched(at('/c'), [], { depth: 1 }), at('/b'));
    const { lines, summary } = await resultsOf(history);
    expect(lines).toEqual([
      {
        url: A,
        finalUrl: A,
        statusCode: 200,
        depth: 0,
        title: 'Home',
        h1: 'Hi',
        links: [at('/b'), at('/c')],
      },
      { url: at('/c'), finalUrl: at('/c'), statusCode: 200, depth: 1, title: null, h1: null, links: [] },
      {
        ...{ url: at('/b'), finalUrl: at('/b'), statusCode: 0, depth: 1, title: null, h1: null, links: [] },
        ...{ error: 'Request timeout after 30000ms', errorCode: 'timeout' },
      },
    ]);
    expect(summary).toMatchObject({
      status: 'running',
      pages: { discovered: 3, fetched: 2, failed: 1, skipped: 0, open: 0 },
      statusCodes: { 200: 2 },
      problems: [{ code: 'timeout', count: 1, url: at('/b') }],
    });
  });

  test('of a page that was given back only the last outcome is a line', async () => {
    const history = new History()
      .started({ start: [A] })
      .fetched(A, [], { statusCode: 503, error: 'HTTP 503 after 3 attempts' })
      .add('PagesRequeued', { commandId: 'q', run: 2, filter: {}, urls: [A] })
      .fetched(A, [], { run: 2 });
    const { lines, summary } = await resultsOf(history);
    expect(lines.map((l) => l.statusCode)).toEqual([200]);
    expect(summary).toMatchObject({ run: 2, statusCodes: { 200: 1 }, pages: { fetched: 1 } });
  });

  test('a page that was given back and has no new outcome keeps its line', async () => {
    const history = new History()
      .started({ start: [A] })
      .fetched(A, [], { statusCode: 503 })
      .add('PagesRequeued', { commandId: 'q', run: 2, filter: {}, urls: [A] });
    expect((await resultsOf(history)).lines.map((l) => l.statusCode)).toEqual([503]);
  });

  test('after a restart only the new generation counts', async () => {
    const history = new History()
      .started({ start: [A] })
      .fetched(A, ['/old'])
      .add('JobStopped', { commandId: 's', run: 1 })
      .add('JobRestarted', { commandId: 'r', run: 2, generation: 2 })
      .fetched(A, [], { generation: 2, run: 2, statusCode: 404 });
    const { lines, summary } = await resultsOf(history);
    expect(lines.map((l) => l.statusCode)).toEqual([404]);
    expect(summary).toMatchObject({ statusCodes: { 404: 1 }, pages: { discovered: 1 } });
  });

  test('with extraction rules a line carries its items instead of its links', async () => {
    const stages = [{ name: 'list', fields: { name: { selector: 'h1' } } }];
    const items = [{ index: 0, data: { name: 'x' } }];
    const history = new History()
      .started({ start: [A], stages })
      .fetched(A, ['/b'], { items, stage: 'list' });
    const [line] = (await resultsOf(history)).lines;
    expect(line).toMatchObject({ stage: 'list', items: [{ name: 'x' }] });
    expect(line).not.toHaveProperty('links');
  });
});
