import { gzipSync } from 'node:zlib';
import { WARCParser } from 'warcio';
import { createFileBodies } from '#libs/adapters/bodies';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { newHashKey, newId, systemClock } from '#libs/adapters/system';
import { createWarcRecords } from '#libs/adapters/warc';
import type { EventData } from '#libs/events';
import { startTestNats, testDir, type TestNats } from '#libs/testing';
import { History, page, record } from '#libs/testing/history';
import { JobService } from '../jobs/index.js';
import { exportWarc, type ExportWarcDeps, type WarcReport } from './index.js';

const JOB = '0-warcjob000';
const UNREAD = {
  policy: 'mark',
  allowed: false,
  confidence: 'high',
  reason: 'disallowed',
  rule: '/',
} as const;

describe('a job as a WARC file, on a real log', () => {
  let nats: TestNats;
  let log: JetStreamHandle;
  const bodies = createFileBodies({ dir: testDir('warc') });

  beforeAll(async () => {
    nats = await startTestNats();
    log = await connectLog({ url: nats.url, shards: 1, name: 'warc spec' });
    const history = new History(JOB)
      .started({ start: [page('/0')] })
      .fetched(page('/0'), [page('/1'), page('/2'), page('/3'), page('/4'), page('/5')], await stored('old'))
      .fetched(page('/1'), [], {
        ...(await stored('one')),
        redirects: [{ url: page('/1'), statusCode: 301, location: '/one', ms: 1 }],
        finalUrl: page('/one'),
      })
      // Empty; forbidden by robots.txt, so not read; kept by no policy; kept once, and gone.
      .fetched(page('/2'), [], { statusCode: 404, contentLength: 0, receivedBytes: 0 })
      .fetched(page('/3'), [], { robots: UNREAD, contentLength: 0, receivedBytes: 0 })
      .fetched(page('/4'))
      .fetched(page('/5'), [], { body: { ...(await stored('gone')).body!, sha256: 'f'.repeat(64) } })
      .add('JobStopped', { commandId: 'stop', run: 1 })
      .add('PagesRequeued', { commandId: 'again', run: 2, filter: {}, urls: [page('/0')] })
      .fetched(page('/0'), [], { ...(await stored('new', true)), run: 2 });
    await record(log.eventLog, history.events);
  }, 60_000);
  afterAll(async () => {
    await log.close();
    await nats.stop();
  });

  async function stored(text: string, truncated = false): Promise<Partial<EventData<'PageFetched'>>> {
    const meta = { encoding: 'gzip', contentType: 'text/html', ...(truncated ? { truncated } : {}) } as const;
    const headers = { 'content-encoding': 'gzip' };
    return { headers, body: await bodies.put(JOB, gzipSync(text), meta) };
  }
  const deps = (): ExportWarcDeps => ({
    ...{ eventLog: log.eventLog, clock: systemClock, hashKey: newHashKey(), bodies },
    state: (jobId) =>
      new JobService({ eventLog: log.eventLog, clock: systemClock, newId, shards: 1 }).state(jobId),
    records: createWarcRecords(),
  });
  async function written(): Promise<{ report: WarcReport; responses: unknown[]; types: string[] }> {
    const chunks: Uint8Array[] = [];
    const report = await exportWarc(deps(), JOB, { write: (chunk) => void chunks.push(chunk) });
    const responses: unknown[] = [];
    const types: string[] = [];
    for await (const one of new WARCParser(chunks)) {
      const text = await one.contentText();
      types.push(one.warcType);
      if (one.warcType !== 'response') continue;
      responses.push([
        one.warcTargetURI,
        one.httpHeaders?.statusCode,
        text,
        one.warcHeader('WARC-Truncated'),
      ]);
    }
    return { report, responses, types };
  }

  it('holds the response that counts of each page, and the redirects that led to it', async () => {
    const { responses, types } = await written();
    expect(responses).toEqual([
      [page('/1'), 301, '', 'unspecified'],
      [page('/one'), 200, 'one', null],
      [page('/2'), 404, '', null],
      [page('/0'), 200, 'new', 'length'],
    ]);
    expect(types[0]).toBe('warcinfo');
    expect(types.filter((type) => type === 'metadata')).toHaveLength(3);
  });

  it('says which pages are not in it', async () => {
    expect((await written()).report).toEqual({
      ...{ jobId: JOB, responses: 3, redirects: 1, truncated: 1 },
      withoutBody: { pages: 3, urls: [page('/3'), page('/4'), page('/5')] },
    });
  });

  it('is refused for a job that is not there', async () => {
    for (const jobId of ['0-nosuchjob0', '7-nosuchjob0', 'nonsense']) {
      const refused = exportWarc(deps(), jobId, { write: () => undefined });
      await expect(refused).rejects.toMatchObject({ code: 'job_not_found', details: { field: 'jobId' } });
    }
  });

  it('is refused for a job that was removed', async () => {
    const history = new History('0-warcjob001').started({ start: [page('/0')] });
    await record(log.eventLog, history.add('JobRemoved', { commandId: 'rm' }).events);
    const refused = exportWarc(deps(), history.jobId, { write: () => undefined });
    await expect(refused).rejects.toMatchObject({ code: 'impossible_transition' });
  });

  it('ends at once when nothing more can be written', async () => {
    const write = (): Promise<void> => Promise.reject(new Error('disk full'));
    await expect(exportWarc(deps(), JOB, { write })).rejects.toThrow('disk full');
  });
});
