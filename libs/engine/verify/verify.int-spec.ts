import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFileBodies } from '#libs/adapters/bodies';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import {
  jobEventId,
  pageEventId,
  subjects,
  type BodyRef,
  type NewJobEvent,
  type NewPageEvent,
} from '#libs/events';
import type { Position } from '#libs/engine/ports';
import { natsVersions, startTestNats, testDir, until, type NatsVersion, type TestNats } from '#libs/testing';
import { History } from '#libs/testing/history';
import { verifyLog, type VerifyDeps } from './index.js';

const JOB = '0-verified00';
const PAGES = 400;
const META = { encoding: 'identity', contentType: 'text/html' } as const;
const url = (n: number): string => `https://a.test/${n}`;

describe('verifying a log on a real server', () => {
  let nats: TestNats;
  let log: JetStreamHandle;
  let bodiesDir: string;
  let versions: NatsVersion[] = [];
  let checkpoint: Position | null = null;
  const said: string[] = [];
  const logger = { info() {}, warn() {}, error: (text: string) => void said.push(text) };

  const connect = async (): Promise<void> => {
    log = await connectLog({ url: nats.url, shards: 1, name: 'verify-spec', logger });
  };
  const begin = async (program?: string): Promise<void> => {
    nats = await startTestNats([], program ? { program } : {});
    bodiesDir = testDir('bodies');
    checkpoint = null;
    await connect();
    const start = Array.from({ length: PAGES }, (_, n) => url(n));
    const { last } = new History(JOB).started({ start });
    await log.eventLog.appendJob({ ...last, id: jobEventId(JOB, 'start') } as NewJobEvent, 0);
    for (let n = 0; n < PAGES; n += 1) await publish(n);
  };
  const end = async (): Promise<void> => {
    await log.close();
    await nats.stop();
  };
  const publish = async (n: number, body?: BodyRef): Promise<number> => {
    const { last } = new History(JOB).fetched(url(n), [], { title: `Page ${n}`, ...(body && { body }) });
    const event = { ...last, id: pageEventId(JOB, 1, url(n), 1) } as NewPageEvent;
    return (await log.eventLog.publishPage(event, { alone: true })).seq;
  };
  const verify = async (options: { deep?: boolean } = {}) => {
    const deps: VerifyDeps = {
      ...{ audit: log.audit, eventLog: log.eventLog, hashKey: [1, 2] },
      bodies: createFileBodies({ dir: bodiesDir }),
      fetchQueue: log.fetchQueue,
      projectionStore: async () => ({ checkpoint: async () => checkpoint, parked: async () => [] }),
    };
    return verifyLog(deps, { shards: 1, deep: options.deep === true });
  };
  const codes = async (options = {}): Promise<string[]> =>
    (await verify(options)).findings.map(({ code, seq }) => (seq === undefined ? code : `${code} ${seq}`));

  beforeAll(async () => {
    versions = await natsVersions();
    if (versions.length < 2)
      console.log('only the nats-server of this machine is tested: the archive gives no other');
    if (versions.length === 0) versions = [{ version: 'of this machine', program: '' }];
  }, 300_000);

  describe('one that is whole', () => {
    beforeAll(() => begin());
    afterAll(end);

    it('has no findings', async () => {
      expect(await verify()).toMatchObject({
        shards: [{ shard: 0, events: PAGES + 1, jobs: 1, bodies: 0 }],
        findings: [],
      });
    });

    it('names events that are no events, and a decision that skips one', async () => {
      await log.nc.request(subjects.pageSubject(JOB, 'PageFetched'), 'rubbish');
      expect(await codes()).toEqual([`unreadable_event ${PAGES + 2}`]);
    });

    it('names bodies that are gone, and with --deep those that are damaged', async () => {
      const bodies = createFileBodies({ dir: bodiesDir });
      const refs: BodyRef[] = [];
      for (const text of ['kept', 'lost', 'damaged'])
        refs.push(await bodies.put(JOB, Buffer.from(text), META));
      const seqs: number[] = [];
      for (const [n, ref] of refs.entries()) seqs.push(await publish(PAGES + n, ref));
      const file = (n: number): string => join(bodiesDir, JOB, refs[n]!.sha256.slice(0, 2), refs[n]!.sha256);
      rmSync(file(1));
      writeFileSync(file(2), 'damagef');
      const before = `unreadable_event ${PAGES + 2}`;
      expect(await codes()).toEqual([before, `body_missing ${seqs[1]}`]);
      expect(await codes({ deep: true })).toEqual([
        before,
        `body_missing ${seqs[1]}`,
        `body_damaged ${seqs[2]}`,
      ]);
    });

    it('names read models that stand on another log, and a queue that is ahead', async () => {
      const { stream, lastSeq } = await log.eventLog.head(0);
      checkpoint = { stream: `${stream}x`, seq: 3, eventId: 'x' };
      expect(await codes()).toContain('log_replaced 3');
      checkpoint = { stream, seq: lastSeq + 5, eventId: 'x' };
      expect(await codes()).toContain(`log_shortened ${lastSeq + 5}`);
      checkpoint = { stream, seq: 3, eventId: 'x' };
      expect(await codes()).toContain('checkpoint_elsewhere 3');
      checkpoint = null;
      const batch = { jobId: JOB, generation: 1, run: 1, jobSeq: 1, logSeq: lastSeq + 9, tasks: [] };
      await log.fetchQueue.release(0, 'http', [batch], 0);
      expect(await codes()).toContain('queue_ahead');
    });
  });

  const messagesOf = (storeDir: string): string => {
    const dir = join(storeDir, 'jetstream', '$G', 'streams', subjects.eventStream(0), 'msgs');
    return readdirSync(dir)
      .filter((name) => name.endsWith('.blk'))
      .map((name) => join(dir, name))[0]!;
  };
  const flip = (): void => {
    const file = messagesOf(nats.storeDir);
    const bytes = readFileSync(file);
    bytes[bytes.indexOf('"title":"Page 200"') + 10]! ^= 4;
    writeFileSync(file, bytes);
  };

  it('names the event whose bit was flipped on the disk, on every version that can be had', async () => {
    for (const { program } of versions) {
      await begin(program);
      await log.close();
      await nats.restart(flip);
      await connect();
      // The server itself goes on as if nothing were missing.
      expect((await log.eventLog.head(0)).lastSeq).toBe(PAGES + 1);
      expect(await codes()).toEqual(['event_damaged 202']);
      // Nor does a reader see anything but a gap; it is said where it reads.
      await until(() => said.some((text) => /^event 202 of SPOOR_EVENTS_0 cannot be read/.test(text)));
      said.length = 0;
      await end();
    }
  }, 120_000);

  it('names a log that was cut short when its store was recovered without its index', async () => {
    for (const { program } of versions) {
      await begin(program);
      const { stream, lastSeq } = await log.eventLog.head(0);
      checkpoint = { stream, seq: lastSeq, eventId: await log.eventLog.eventIdAt(0, lastSeq) };
      await log.close();
      await nats.restart(() => {
        flip();
        rmSync(join(messagesOf(nats.storeDir), '..', 'index.db'));
      });
      await connect();
      expect(await codes()).toContain(`log_shortened ${lastSeq}`);
      // Also when others have taken their place meanwhile.
      for (let n = 1000; n < 1000 + PAGES; n += 1) await publish(n);
      expect(await codes()).toContain(`checkpoint_elsewhere ${lastSeq}`);
      await end();
    }
  }, 120_000);

  it('names a log that is made anew under readers that have read the old one', async () => {
    await begin();
    const { stream, lastSeq } = await log.eventLog.head(0);
    checkpoint = { stream, seq: lastSeq, eventId: await log.eventLog.eventIdAt(0, lastSeq) };
    expect(await codes()).toEqual([]);
    await log.nc.request(`$JS.API.STREAM.DELETE.${subjects.eventStream(0)}`);
    await log.close();
    await connect();
    expect(await codes()).toEqual([`log_replaced ${lastSeq}`]);
    await end();
  });
});
