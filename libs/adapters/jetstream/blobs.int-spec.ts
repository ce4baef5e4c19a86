import { startTestNats, type TestNats } from '#libs/testing';
import { isUnreadable, subjects, type LogEntry } from '#libs/events';
import { connectLog, type JetStreamHandle } from './index.js';
import { fetched, started } from './spec-events.js';

describe('events with lists too long for one message', () => {
  let nats: TestNats;
  let log: JetStreamHandle;

  beforeAll(async () => {
    nats = await startTestNats();
    log = await connectLog({ url: nats.url, shards: 1, name: 'blobs-spec' });
  });
  afterAll(async () => {
    await log.close();
    await nats.stop();
  });

  async function only(jobId: string, bulk = true): Promise<LogEntry> {
    const entries: LogEntry[] = [];
    for await (const batch of log.eventLog.readJob(jobId, { bulk })) entries.push(...batch.entries);
    expect(entries).toHaveLength(1);
    return entries[0]!;
  }
  const messages = async (stream: string): Promise<number> =>
    (await log.nc.request(`$JS.API.STREAM.INFO.${stream}`)).json<{ state: { messages: number } }>().state
      .messages;

  it('carries 1,000,000 start URLs', async () => {
    const job = '0-million000';
    const start = Array.from({ length: 1_000_000 }, (_, i) => `https://site-${i % 977}.test/some/path/${i}`);
    const event = started(job, start);
    await log.eventLog.appendJob(event, 0);
    const [read] = await log.eventLog.readDecisions(job);
    // Not toEqual: a difference in a million lines could not be printed.
    expect(JSON.stringify(read?.data) === JSON.stringify(event.data)).toBe(true);
    const [light] = await log.eventLog.readDecisions(job, { bulk: false });
    expect(light?.data).toEqual({ ...event.data, start: [] });
  }, 60_000);

  it('carries a page with 50,000 links, once however often it is published', async () => {
    const job = '0-manylinks';
    const follow = {
      default: Array.from({ length: 50_000 }, (_, i) => `/some/longer/path/to/page/${i}?q=${i * 7}`),
    };
    const event = fetched(job, 1, { links: { follow, skip: {} } });
    const first = await log.eventLog.publishPage(event);
    const blobs = await messages(subjects.blobStream(0));
    expect(await log.eventLog.publishPage(event)).toEqual({ seq: first.seq, duplicate: true });
    expect(await messages(subjects.blobStream(0))).toBe(blobs);
    expect(await only(job)).toMatchObject({ seq: first.seq, data: event.data });
    expect(await only(job, false)).toMatchObject({
      data: { ...event.data, links: { follow: {}, skip: {} }, items: [], headers: {} },
    });
  });

  it('keeps equal lists of two jobs apart, so that removing one leaves the other whole', async () => {
    const follow = { default: Array.from({ length: 20_000 }, (_, i) => `/the/same/list/of/links/${i}`) };
    const [a, b] = ['0-twin000a', '0-twin000b'];
    for (const job of [a, b])
      await log.eventLog.publishPage(fetched(job, 1, { links: { follow, skip: {} } }));
    await log.purge.rest(a, (await log.eventLog.head(0)).lastSeq);
    expect(await only(b)).toMatchObject({ data: { links: { follow } } });
  });

  it('shows an event whose blob is gone as unreadable', async () => {
    const job = '0-blobgone00';
    const follow = { default: Array.from({ length: 20_000 }, (_, i) => `/links/that/will/be/lost/${i}`) };
    await log.eventLog.publishPage(fetched(job, 1, { links: { follow, skip: {} } }));
    const purge = JSON.stringify({ filter: subjects.blobsOfJob(job) });
    await log.nc.request(`$JS.API.STREAM.PURGE.${subjects.blobStream(0)}`, purge);
    const entry = await only(job);
    expect(isUnreadable(entry) && entry.reason).toMatch(/^its long lists are missing/);
    expect(isUnreadable(await only(job, false))).toBe(false);
  });

  it('refuses an event that stays too large, and leaves nothing behind', async () => {
    const job = '0-toolarge00';
    const blobs = await messages(subjects.blobStream(0));
    let noise = '';
    for (let n = 1; noise.length < 3_000_000; n = (n * 48_271) % 2_147_483_647) noise += n.toString(36);
    const items = [{ index: 0, data: { text: 'x'.repeat(400_000) } }];
    await expect(log.eventLog.publishPage(fetched(job, 1, { title: noise, items }))).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(/too large/),
    });
    expect(await messages(subjects.blobStream(0))).toBe(blobs);
  });
});
