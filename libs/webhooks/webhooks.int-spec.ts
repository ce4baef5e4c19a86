import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { createEgress, createTargetCheck } from '#libs/adapters/egress';
import { connectLog, type JetStreamHandle } from '#libs/adapters/jetstream';
import { freePort, startTestNats, until, type TestNats } from '#libs/testing';
import { LoggedJob } from '#libs/testing/logged-job';
import { openWebhooks, type WebhookOptions, type Webhooks } from './index.js';

interface Got {
  headers: IncomingHttpHeaders;
  body: string;
  message: { id: string; type: string; shard: number | null; seq: number | null; data: { url?: string } };
}

/** What other services run, with answers that a test decides. */
class Receiver {
  readonly got: Got[] = [];
  answer: (one: Got, path: string) => number = () => 204;
  retryAfter: string | null = null;
  private readonly server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const one = { headers: request.headers, body, message: JSON.parse(body) as Got['message'] };
      this.got.push(one);
      const more = this.retryAfter === null ? {} : { 'retry-after': this.retryAfter };
      response.writeHead(this.answer(one, request.url ?? ''), { location: '/elsewhere', ...more }).end();
    });
  });
  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }
  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }
  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }
  get seqs(): (number | null)[] {
    return this.got.map(({ message }) => message.seq);
  }
  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

const silent: WebhookOptions['logger'] = { debug() {}, info() {}, warn() {}, error() {} };

describe('webhooks', () => {
  let nats: TestNats;
  let monitor: number;
  let log: JetStreamHandle;
  let receiver: Receiver;
  let job: LoggedJob;
  const ends: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    monitor = await freePort();
    nats = await startTestNats([`http: 127.0.0.1:${monitor}`]);
    log = await connectLog({ url: nats.url, shards: 2, name: 'webhooks-spec', leaseTtlMs: 2000 });
    receiver = await new Receiver().listen();
    job = new LoggedJob(log, '0-hooked0000');
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
    await receiver.close();
    await log.close();
    await nats.stop();
  });

  const open = async (over: Partial<WebhookOptions> = {}, egress = {}) => {
    const options = { allowPrivate: ['127.0.0.1'], ...egress };
    const sender = createEgress(options);
    const webhooks = await openWebhooks({
      ...{ natsUrl: nats.url, holder: `holder-${ends.length}`, logger: silent, lease: log.lease, sender },
      ...{ installationSecret: 'a secret of this installation', targets: createTargetCheck(options) },
      ...{ lookMs: 50, retry: { baseMs: 10, maxMs: 50 }, ...over },
    });
    ends.push(async () => {
      await webhooks.close();
      sender.close();
    });
    return webhooks;
  };

  it('delivers in order, signed, tries again with the same id, and again from a sequence', async () => {
    const webhooks = await open();
    await job.pages(0, 2);
    const { id, secret } = await webhooks.register({
      url: receiver.url,
      types: ['PageFetched'],
      from: 'start',
    });
    let refusals = 2;
    receiver.answer = ({ message }) => (message.seq === 2 && refusals-- > 0 ? 500 : 204);
    await until(() => receiver.got.length === 4);
    await job.pages(2, 3);
    await until(() => receiver.got.length === 5);
    expect(receiver.seqs).toEqual([1, 2, 2, 2, 3]);
    const verifier = new Webhook(secret);
    for (const { headers, body, message } of receiver.got) {
      verifier.verify(body, headers as Record<string, string>);
      expect(headers['webhook-id']).toBe(message.id);
    }
    const tampered = { ...receiver.got[0]!.headers } as Record<string, string>;
    expect(() => verifier.verify(`${receiver.got[0]!.body} `, tampered)).toThrow();
    const tries = await until(async () => {
      const found = await webhooks.deliveries(id, 10);
      return found.length === 5 ? found : null;
    });
    expect(tries.map(({ seq, attempt, statusCode }) => [seq, attempt, statusCode])).toEqual([
      ...[
        [3, 1, 204],
        [2, 3, 204],
        [2, 2, 500],
        [2, 1, 500],
        [1, 1, 204],
      ],
    ]);
    await until(async () => (await webhooks.get(id)).failingSince === null);

    await webhooks.redeliver(id, { fromSeq: 2, shard: 0 });
    await until(() => receiver.got.length === 7);
    expect(receiver.seqs.slice(5)).toEqual([2, 3]);
    expect(receiver.got[6]!.headers['webhook-id']).toBe(receiver.got[4]!.headers['webhook-id']);
    expect(await webhooks.test(id)).toMatchObject({ type: 'spoor.test', ok: true, statusCode: 204 });
    expect(JSON.stringify(await webhooks.list())).not.toContain(secret);
  });

  const tried = async (webhooks: Webhooks, id: string, tries: number) =>
    until(async () => {
      const found = await webhooks.deliveries(id, 100);
      return found.length >= tries ? found.toReversed() : null;
    });

  it('counts the tries of an event over restarts, and waits on where the process before was waiting', async () => {
    const patient = { retry: { baseMs: 3_600_000, maxMs: 3_600_000 } };
    const first = await open(patient);
    receiver.answer = () => 500;
    const { id } = await first.register({ url: receiver.url, from: 'start' });
    await job.page(0);
    await tried(first, id, 1);
    await ends.shift()!();

    const second = await open(patient);
    const asked = Date.now();
    // Begun and waiting: the try that a person asks for comes at once, as the second one.
    await second.redeliver(id);
    const [one, two] = await tried(second, id, 2);
    expect([one!.attempt, two!.attempt]).toEqual([1, 2]);
    expect(Date.parse(one!.nextAttemptAt!) - Date.parse(one!.at)).toBeGreaterThan(2_600_000);
    expect(Date.parse(two!.at)).toBeGreaterThanOrEqual(asked);
    await ends.shift()!();

    const third = await open();
    receiver.answer = () => 204;
    await third.redeliver(id);
    const tries = await tried(third, id, 3);
    expect(tries[2]).toMatchObject({ attempt: 3, ok: true, nextAttemptAt: null });
    await job.page(1);
    expect((await tried(third, id, 4))[3]).toMatchObject({ attempt: 1, ok: true });
  });

  it.each([
    [429, '7200', 7200],
    [503, '7200', 7200],
    [503, '99999999', 86_400],
    [500, '7200', 0],
    [503, 'soon', 0],
  ])('given %i with Retry-After %s, then the next try is %i s away', async (status, retryAfter, seconds) => {
    const webhooks = await open({ retry: { baseMs: 60_000, maxMs: 60_000 } });
    receiver.answer = () => status;
    receiver.retryAfter = retryAfter;
    const { id } = await webhooks.register({ url: receiver.url, from: 'start' });
    await job.page(0);
    const [only] = await tried(webhooks, id, 1);
    const wait = Date.parse(only!.nextAttemptAt!) - Date.parse(only!.at);
    const [least, most] = seconds === 0 ? [45_000, 80_000] : [seconds * 1000, seconds * 1000 + 5000];
    expect(wait).toBeGreaterThanOrEqual(least);
    expect(wait).toBeLessThan(most);
  });

  it('ends at 410 Gone, at once', async () => {
    const webhooks = await open();
    receiver.answer = () => 410;
    const { id } = await webhooks.register({ url: receiver.url, from: 'start' });
    await job.pages(0, 2);
    await until(async () => (await webhooks.get(id)).status === 'disabled');
    expect((await webhooks.get(id)).reason).toContain('410 Gone');
    expect((await webhooks.deliveries(id, 10))[0]).toMatchObject({ statusCode: 410, nextAttemptAt: null });
    receiver.answer = () => 204;
    await webhooks.redeliver(id);
    await until(() => receiver.seqs.at(-1) === 2);
  });

  it('delivers one shard again, while the others stay where they are', async () => {
    const webhooks = await open();
    const other = new LoggedJob(log, '1-hooked0000');
    const { id } = await webhooks.register({ url: receiver.url, from: 'start' });
    await job.pages(0, 3);
    await other.pages(0, 3);
    await tried(webhooks, id, 6);
    await webhooks.redeliver(id, { fromSeq: 2, shard: 1 });
    await webhooks.redeliver(id, { fromSeq: 3, shard: 0 });
    await tried(webhooks, id, 9);
    await job.page(3);
    await other.page(3);
    await tried(webhooks, id, 11);
    const seqs = (shard: number): unknown[] =>
      receiver.got.filter(({ message }) => message.shard === shard).map(({ message }) => message.seq);
    expect([seqs(0), seqs(1)]).toEqual([
      [1, 2, 3, 3, 4],
      [1, 2, 3, 2, 3, 4],
    ]);
  });

  it.each([
    [{ fromSeq: 1 }, 'shard'],
    [{ fromSeq: 1, shard: 2 }, 'shard'],
    [{ shard: 1 }, 'fromSeq'],
  ])('refuses to deliver again from %j, and names %s', async (from, field) => {
    const webhooks = await open();
    const { id } = await webhooks.register({ url: receiver.url, from: 'new' });
    await expect(webhooks.redeliver(id, from)).rejects.toMatchObject({
      ...{ code: 'invalid_request', details: { field } },
    });
  });

  it('costs one connection, however many there are; one that cannot begin holds up no other', async () => {
    const webhooks = await open();
    const connections = async (): Promise<number> => {
      const response = await fetch(`http://127.0.0.1:${monitor}/connz`);
      return ((await response.json()) as { num_connections: number }).num_connections;
    };
    const before = await connections();
    await webhooks.register({ url: receiver.url, from: 'start', jobs: ['7-nowhere000'] });
    for (let n = 0; n < 20; n++) await webhooks.register({ url: receiver.url, from: 'start' });
    await job.page(0);
    await until(() => receiver.got.length === 20);
    expect(await connections()).toBe(before);
  });

  it('delivers what is stored after the registration, of the jobs that are named', async () => {
    const webhooks = await open();
    await job.pages(0, 2);
    const stored = Date.now();
    await until(() => Date.now() > stored);
    await webhooks.register({ url: receiver.url, jobs: [job.jobId], from: 'new' });
    await new LoggedJob(log, '0-another000').page(9);
    await job.page(2);
    await until(() => receiver.got.length > 0);
    expect(receiver.seqs).toEqual([4]);
  });

  it('goes on where another process ended, and leaves nothing out', async () => {
    const first = await open();
    const { id } = await first.register({ url: receiver.url, from: 'start' });
    await job.pages(0, 5);
    await until(() => receiver.got.length === 5);
    await open();
    await ends.shift()!();
    await job.pages(5, 8);
    await until(() => receiver.got.length >= 8);
    expect(receiver.seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(id).toMatch(/^wh-/);
  });

  it('refuses private targets when they are registered, and when a name leads there later', async () => {
    const guarded = await open({}, { allowPrivate: [] });
    await expect(guarded.register({ url: receiver.url, from: 'new' })).rejects.toMatchObject({
      ...{ code: 'invalid_request', details: { field: 'url' } },
    });
    await ends.shift()!();
    let asked = 0;
    const resolve = () =>
      Promise.resolve([{ address: asked++ === 0 ? '93.184.216.34' : '127.0.0.1', family: 4 }]);
    const rebound = await open({}, { allowPrivate: [], resolve });
    const { id } = await rebound.register({ url: `http://rebind.test:${receiver.port}/`, from: 'start' });
    await job.page(0);
    const [first] = await until(async () => {
      const found = await rebound.deliveries(id, 5);
      return found.length > 0 ? found : null;
    });
    expect(first).toMatchObject({ ok: false, statusCode: null, error: 'blocked_address' });
    expect(receiver.got).toEqual([]);
  });

  it('follows no redirect, and gives up on a receiver that fails for too long, until somebody asks again', async () => {
    const webhooks = await open({ giveUpMs: 100 });
    receiver.answer = () => 302;
    const { id } = await webhooks.register({ url: receiver.url, from: 'start' });
    await job.page(0);
    await until(async () => (await webhooks.get(id)).status === 'disabled');
    expect(await webhooks.get(id)).toMatchObject({
      reason: expect.stringContaining('no delivery has succeeded'),
    });
    expect(receiver.got.every(({ message }) => message.seq === 1)).toBe(true);
    expect((await webhooks.deliveries(id, 1))[0]).toMatchObject({ ok: false, statusCode: 302 });
    receiver.answer = () => 200;
    await webhooks.redeliver(id);
    await until(async () => (await webhooks.deliveries(id, 1))[0]?.ok);
    await webhooks.remove(id);
    await expect(webhooks.get(id)).rejects.toMatchObject({ code: 'not_found' });
    expect(await webhooks.list()).toEqual([]);
  });
});
