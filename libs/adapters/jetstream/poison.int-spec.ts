import { headers } from '@nats-io/transport-node';
import { startTestNats, type TestNats } from '#libs/testing';
import { isUnreadable, subjects, type LogEntry } from '#libs/events';
import { connectLog, type JetStreamHandle } from './index.js';
import { fetched, started } from './spec-events.js';

describe('messages that this code cannot read', () => {
  let nats: TestNats;
  let log: JetStreamHandle;
  const job = '0-poison0000';

  beforeAll(async () => {
    nats = await startTestNats();
    log = await connectLog({ url: nats.url, shards: 1, name: 'poison-spec' });
  });
  afterAll(async () => {
    await log.close();
    await nats.stop();
  });

  async function put(
    subject: string,
    change: Record<string, string | null>,
    payload?: string | Uint8Array,
  ): Promise<void> {
    const event = fetched(job, 1);
    const h = headers();
    const fields: Record<string, string | null> = {
      'Nats-Msg-Id': `id-${Math.random()}`,
      'ce-type': 'dev.spoor.PageFetched',
      'ce-time': event.time,
      'ce-dataschema': 'urn:spoor:event:PageFetched:1',
      ...change,
    };
    for (const [name, value] of Object.entries(fields)) if (value !== null) h.set(name, value);
    await log.nc.request(subject, payload ?? JSON.stringify(event.data), { headers: h, timeout: 2000 });
  }
  const page = subjects.pageSubject(job, 'PageFetched');

  it('shows each with its reason, in place, between those it can read', async () => {
    await log.eventLog.publishPage(fetched(job, 1));
    await put(page, { 'ce-type': 'dev.spoor.PageDreamt' });
    await put(page, { 'ce-dataschema': 'urn:spoor:event:PageFetched:99' });
    await put(page, { 'ce-dataschema': null });
    await put(page, {}, '{"url": "https://a.t');
    await put(page, { 'Content-Encoding': 'gzip' }, 'no gzip');
    await put(page, {}, '{"url": 7}');
    await put(page, {}, 'null');
    await put(page, { 'Nats-Msg-Id': null });
    await put(subjects.jobSubject(job), {});
    await put(`spoor.events.0.${job}.odd`, {});
    await put(page, {}, '{"$blob": {"sha256": "../../x"}}');
    await put(page, { 'ce-type': 'dev.spoor.constructor' });
    await log.eventLog.publishPage(fetched(job, 2));

    const entries: LogEntry[] = [];
    for await (const batch of log.eventLog.readShard(0)) entries.push(...batch.entries);
    expect(entries.map((e) => (isUnreadable(e) ? e.reason : e.type))).toEqual([
      'PageFetched',
      'unknown event type PageDreamt',
      'written by newer code: version 99, this code reads up to 1',
      'ce-dataschema names no version',
      'its payload is no JSON',
      'its payload is no gzipped JSON',
      expect.stringMatching(/^its data is malformed: url: /),
      expect.stringMatching(/^its data is malformed: PageFetched: /),
      'a header is missing: ce-type, ce-time or Nats-Msg-Id',
      'a PageFetched does not belong on this subject',
      'its subject is not one of ours',
      'its reference to long lists is malformed',
      'unknown event type constructor',
      'PageFetched',
    ]);
    expect(entries.map((e) => e.seq)).toEqual(entries.map((_, i) => i + 1));
    expect(entries[1]).toMatchObject({ jobId: job, type: 'PageDreamt', subject: page });
  });

  it('names an unreadable decision to its own job, and leaves the others alone', async () => {
    await log.eventLog.appendJob(started('0-healthy000'), 0);
    await expect(log.eventLog.readDecisions(job)).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringMatching(/cannot be read/),
    });
    expect((await log.eventLog.lastDecisions(0)).map((e) => e.jobId)).toEqual(['0-healthy000']);
  });
});
