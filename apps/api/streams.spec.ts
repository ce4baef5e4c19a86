import { connect } from 'node:net';
import type { ItemRow } from '#libs/engine/ports';
import { until } from '#libs/testing';
import { startTestApi, type TestApi } from './test-support.js';

/** A page of events, as far as it is looked at here. */
interface SeqPage {
  items: { seq: number }[];
  next: number;
  caughtUp: boolean;
}

const JOB = '/api/jobs/0-job00000001';
let api: TestApi;
beforeEach(async () => {
  api = await startTestApi({ heartbeatMs: 40, shutdownGraceMs: 500 });
  const stages = [
    {
      name: 'one',
      fields: { title: { selector: 'h1' }, tags: { selector: '.t', list: true }, price: { selector: '.p' } },
    },
  ];
  await api.post('/api/jobs', { start: ['http://site.invalid/'], stages });
});
afterEach(() => api.close());

const item = (index: number, data: Record<string, unknown>): ItemRow => ({
  id: `i${index}`,
  jobId: '0-job00000001',
  pageId: 'p',
  url: 'http://site.invalid/',
  version: 1,
  stage: 'one',
  index,
  data,
  seq: index,
});

/** Events for another job and for this one, so that both filters and numbers show. */
const addEvents = (count: number): void => {
  for (let i = 0; i < count; i++) {
    const seq = api.eventLog.entries.length + 1;
    api.eventLog.add({
      unreadable: true,
      seq,
      storedAt: 1,
      subject: 's',
      jobId: i % 2 === 0 ? '0-job00000001' : '0-other0000',
      type: null,
      id: `e${seq}`,
      reason: 'of no matter',
    });
  }
};

interface Frame {
  id: number;
  event: string;
  data: { seq: number };
}

/** A reader of server-sent events; `frames` and `comments` grow as they come. */
function listen(path: string, headers: Record<string, string> = {}) {
  const ended = new AbortController();
  const frames: Frame[] = [];
  const state = { comments: 0, isOver: false, status: 0, type: '' };
  const reading = (async () => {
    const response = await fetch(api.url + path, { headers, signal: ended.signal });
    state.status = response.status;
    state.type = response.headers.get('content-type') ?? '';
    let rest = '';
    for await (const bytes of response.body ?? []) {
      const parts = (rest + Buffer.from(bytes as Uint8Array).toString()).split('\n\n');
      rest = parts.pop() ?? '';
      for (const part of parts) {
        const [, id, event, data] = /^id: (\d+)\nevent: (\w+)\ndata: (.+)$/.exec(part) ?? [];
        if (data === undefined) state.comments += part.startsWith(':') ? 1 : 0;
        else frames.push({ id: Number(id), event: event ?? '', data: JSON.parse(data) as { seq: number } });
      }
    }
    state.isOver = true;
  })();
  return { frames, state, reading, leave: () => (ended.abort(), reading.catch(() => undefined)) };
}

describe('items', () => {
  beforeEach(() => {
    api.readModels.itemRows = Array.from({ length: 1203 }, (_, i) =>
      item(i, { title: `T${i}`, tags: ['a'] }),
    );
  });

  test('given items, when JSON is asked for, then pages are linked by a cursor', async () => {
    const first = await api.get(`${JOB}/items?limit=1000`);
    expect(first.body).toMatchObject({ next: '1000' });
    const second = await api.get(`${JOB}/items?limit=1000&cursor=1000`);
    expect((second.body['items'] as unknown[] | undefined)?.length).toBe(203);
    expect(second.body).toMatchObject({ next: null });
  });

  test.each([
    [{ accept: 'application/x-ndjson' }, ''],
    [{ accept: '*/*' }, '?format=ndjson'],
  ])('given items, when NDJSON is asked for by %j%s, then all come, one a line', async (headers, query) => {
    const response = await fetch(`${api.url}${JOB}/items${query}`, { headers });
    const lines = (await response.text()).split('\n');
    expect(response.headers.get('content-type')).toContain('application/x-ndjson');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => (JSON.parse(line) as ItemRow).index)).toEqual(
      api.readModels.itemRows.map((r) => r.index),
    );
  });

  test('given values that a spreadsheet would run, when CSV is asked for, then they are text', async () => {
    api.readModels.itemRows = [
      item(0, { title: '=HYPERLINK("http://evil.invalid")', price: '-5', tags: ['=1'] }),
      item(1, { title: ' +cmd|x', price: '@SUM(A1)' }),
      item(2, { title: 'a "b", c\nd', price: null }),
      item(3, { title: '＝1+1', price: '-1+2' }),
    ];
    const response = await fetch(`${api.url}${JOB}/items?format=csv`);
    const page = 'http://site.invalid/';
    expect(await response.text()).toBe(
      [
        '_url,_stage,_index,title,price',
        `${page},one,0,"'=HYPERLINK(""http://evil.invalid"")",-5`,
        `${page},one,1,' +cmd|x,'@SUM(A1)`,
        `${page},one,2,"a ""b"", c\nd",`,
        `${page},one,3,'＝1+1,'-1+2`,
        '',
      ].join('\r\n'),
    );
    expect(response.headers.get('content-disposition')).toContain('0-job00000001-items.csv');
  });

  test('given a store that fails at once, then a proper error; in the middle, then the connection is cut', async () => {
    api.readModels.itemsFailAt = 0;
    const atOnce = await fetch(`${api.url}${JOB}/items?format=csv`);
    expect([atOnce.status, atOnce.headers.get('content-disposition')]).toEqual([500, null]);
    api.readModels.itemsFailAt = api.readModels.itemsAsked + 2;
    const response = await fetch(`${api.url}${JOB}/items?format=ndjson`);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    expect(api.logged.length).toBeGreaterThan(0);
  });

  test('given a client that does not read, then no more is read from the store than fits on the way', async () => {
    const wide = 'x'.repeat(10_000);
    api.readModels.itemRows = Array.from({ length: 20_000 }, (_, i) => item(i, { wide }));
    const socket = connect(api.port, '127.0.0.1');
    socket.write(`GET ${JOB}/items?format=ndjson HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    socket.pause();
    let before = -1;
    // It has stopped asking when it asks no more between two looks far apart.
    await until(async () => {
      const now = api.readModels.itemsAsked;
      const isStill = now === before && now > 0;
      before = now;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return isStill;
    });
    expect(before).toBeLessThan(10);
    socket.destroy();
  });
});

describe('events', () => {
  test('given a history, when it is read page by page, then each event comes once and the end is told', async () => {
    addEvents(250);
    const seqs: number[] = [];
    let from = 1;
    for (let isDone = false; !isDone;) {
      const { body: page } = await api.get<SeqPage>(`${JOB}/events?from=${from}&limit=40`);
      expect(page.items.length).toBeLessThanOrEqual(40);
      seqs.push(...page.items.map((entry) => entry.seq));
      from = page.next;
      isDone = page.caughtUp;
    }
    expect(seqs).toEqual(api.eventLog.entries.filter((e) => e.jobId === '0-job00000001').map((e) => e.seq));
    expect(from).toBe(252);
  });

  test('given all jobs, when NDJSON is asked for, then everything comes in order', async () => {
    addEvents(700);
    const text = await (await fetch(`${api.url}/api/events?format=ndjson&from=5`)).text();
    const seqs = text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { seq: number }).seq);
    expect(seqs).toEqual(Array.from({ length: 697 }, (_, i) => i + 5));
  });

  test('given a live stream, then history comes first, then what happens, then comments while nothing does', async () => {
    addEvents(300);
    const stream = listen(`${JOB}/events`, { accept: 'text/event-stream' });
    await until(() => stream.frames.length === 151);
    addEvents(2);
    await until(() => stream.frames.length === 152 && stream.state.comments > 1);
    expect(stream.state.type).toContain('text/event-stream');
    expect(stream.frames.map((f) => f.id)).toEqual(stream.frames.map((f) => f.data.seq));
    expect(stream.frames[0]).toMatchObject({ id: 1, event: 'JobStarted' });
    expect(stream.frames[151]).toMatchObject({ id: 302, event: 'unreadable' });
    await stream.leave();
    await until(() => api.eventLog.readers === 0);
  });

  test.each([
    ['/api/events?from=290&format=sse', {}, 290],
    ['/api/events?from=1&format=sse', { 'last-event-id': '295' }, 296],
    ['/api/events?from=new&format=sse', {}, 302],
  ])('given %s and %j, then the stream begins at %d', async (path, headers, first) => {
    addEvents(300);
    const stream = listen(path, headers);
    await until(() => stream.state.status === 200);
    addEvents(1);
    await until(() => stream.frames.at(-1)?.id === 302);
    expect(stream.frames[0]?.id).toBe(first);
    await stream.leave();
  });

  describe('of which some are wanted', () => {
    const told = (n: number, type: string, url: string): void =>
      api.eventLog.add({
        ...{ type, id: `t${n}`, jobId: '0-job00000001', seq: api.eventLog.entries.length + 1 },
        ...{ time: '2026-01-31T12:00:00.000Z', storedAt: 1_700_000_000_000 + n * 1000, data: { url } },
      } as never);
    beforeEach(() => {
      for (let n = 0; n < 300; n++)
        told(n, n % 3 === 0 ? 'FetchFailed' : 'PageFetched', `http://${n % 2 ? 'odd' : 'even'}.test/${n}`);
    });
    const seqsOf = async (query: string): Promise<number[]> => {
      const text = await (await fetch(`${api.url}${JOB}/events?format=ndjson&${query}`)).text();
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { seq: number }).seq);
    };
    const expected = (wants: (n: number) => boolean): number[] =>
      Array.from({ length: 300 }, (_, n) => n)
        .filter(wants)
        .map((n) => n + 2);

    test.each<[string, number[]]>([
      ['type=FetchFailed', expected((n) => n % 3 === 0)],
      ['type=FetchFailed&type=JobStarted,JobPaused', [1, ...expected((n) => n % 3 === 0)]],
      ['host=odd.test&type=FetchFailed', expected((n) => n % 3 === 0 && n % 2 === 1)],
      ['from=10&to=12', [10, 11, 12]],
      ['from=10&to=12&reverse=true', [12, 11, 10]],
      ['from=2023-11-14T22:13:25Z&to=2023-11-14T22:13:27Z', [7, 8, 9]],
      ['reverse=true&limit=3&type=FetchFailed', [299, 296, 293]],
      ['from=12&to=10', []],
      ['limit=2', [1, 2]],
    ])('given %s, then these come and no other', async (query, seqs) => {
      expect(await seqsOf(query)).toEqual(seqs);
    });

    test.each(['', 'reverse=true&'])('given pages of JSON with %s, then they are all of it', async (way) => {
      const seqs: number[] = [];
      const [edge, filter] = [way === '' ? 'from' : 'to', 'type=FetchFailed&limit=7'];
      let at = way === '' ? '0' : '5000';
      for (let isDone = false; !isDone;) {
        const { body: page } = await api.get<SeqPage>(`${JOB}/events?${way}${filter}&${edge}=${at}`);
        seqs.push(...page.items.map((entry) => entry.seq));
        at = String(page.next);
        isDone = page.caughtUp;
      }
      const all = expected((n) => n % 3 === 0);
      expect(seqs).toEqual(way === '' ? all : all.toReversed());
    });

    test('given a live stream of one type up to a sequence, then it ends there', async () => {
      const stream = listen(`${JOB}/events?format=sse&type=FetchFailed&from=290&to=305`);
      await until(() => stream.frames.length === 4);
      for (let n = 300; n < 306; n++) told(n, 'FetchFailed', 'http://late.test/');
      await stream.reading;
      expect(stream.frames.map(({ id }) => id)).toEqual([290, 293, 296, 299, 302, 303, 304, 305]);
    });
  });

  test('given a Last-Event-ID that is no sequence, then 400 names it', async () => {
    const response = await fetch(`${api.url}/api/events?format=sse`, { headers: { 'last-event-id': 'x' } });
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { field: 'Last-Event-ID' } },
    ]);
  });

  test('given an idle stream on a kept connection, when the server closes, then it does not wait for the grace', async () => {
    await api.close();
    api = await startTestApi({ shutdownGraceMs: 1_000_000 });
    const stream = listen('/api/events?format=sse');
    await until(() => stream.state.status === 200);
    await api.close();
    await stream.reading;
    api = await startTestApi();
  });

  test('given a large answer to a slow client, when the server closes, then it comes whole', async () => {
    api.readModels.itemRows = Array.from({ length: 1000 }, (_, i) => item(i, { wide: 'x'.repeat(20_000) }));
    await api.close();
    const rows = api.readModels.itemRows;
    api = await startTestApi({ shutdownGraceMs: 1_000_000 });
    api.readModels.itemRows = rows;
    await api.post('/api/jobs', { start: ['http://site.invalid/'] });
    const response = await fetch(`${api.url}${JOB}/items?limit=1000`);
    const closed = api.close();
    const { length } = await response.text();
    await closed;
    expect(length).toBeGreaterThan(20_000_000);
    expect(length).toBe(Number(response.headers.get('content-length')));
    api = await startTestApi();
  });

  test('given open streams, when the server closes, then they end cleanly, also one whose client does not read', async () => {
    addEvents(40_000);
    const stream = listen('/api/events?format=sse&from=new');
    const socket = connect(api.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET /api/events?format=sse HTTP/1.1\r\nHost: localhost\r\n\r\n');
    socket.pause();
    await until(() => stream.state.status === 200 && api.eventLog.readers === 2);
    await api.close();
    await stream.reading;
    expect(stream.state.isOver).toBe(true);
    await until(() => api.eventLog.readers === 0);
    socket.destroy();
    api = await startTestApi();
  });
});
