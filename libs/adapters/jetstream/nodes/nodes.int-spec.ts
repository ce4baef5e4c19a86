import { connect, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { subjects } from '#libs/events';
import { NodeUnavailableError } from '#libs/engine/ports';
import { startTestNats, until, type TestNats } from '#libs/testing';
import { silentLogger } from '../logger.js';
import { connectNode, type NodeHandle } from './connect-node.js';
import { NatsScrapeNodes } from './nats-scrape-nodes.js';

const MB = 1024 * 1024;
const BOMB = gzipSync(Buffer.alloc(64 * MB, ' '));
/** Longer than a node’s beat. */
const QUICK = { silenceMs: 1500, totalMs: 5000 };
const signal = new AbortController().signal;

/** Small messages, so that long answers come in many; and the users of the deployment. */
const SETTINGS = [
  'max_payload: 65536',
  ...readFileSync('deploy/nats/scrape-nodes.conf', 'utf8')
    .replace('$SPOOR_NATS_PASSWORD', 'a')
    .replace('$SPOOR_NODE_PASSWORD', 'n')
    .split('\n'),
];

let nats: TestNats;
let nc: NatsConnection;
let nodes: NatsScrapeNodes;
const open: { close(): Promise<unknown> }[] = [];
const urlOf = (user: string, password: string): string =>
  nats.url.replace('nats://', `nats://${user}:${password}@`);

beforeAll(async () => {
  nats = await startTestNats(SETTINGS);
  nc = await connect({ servers: nats.url, user: 'spoor', pass: 'a' });
  nodes = new NatsScrapeNodes(nc, QUICK);
});
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});
afterAll(async () => {
  await nc.close();
  await nats.stop();
});

type Handle = (request: unknown, signal: AbortSignal) => Promise<unknown>;
async function node(id: string, region: string, handle: Handle, slots = 4): Promise<NodeHandle> {
  const made = await connectNode({
    ...{ url: urlOf('scrape-node', 'n'), name: id, connectTimeoutMs: 5000, logger: silentLogger },
  });
  const serving = made.desk.serve({ id, region, slots }, handle);
  open.push({ close: () => made.close() }, { close: () => serving.close(1000) });
  await until(async () => (await nodes.census()).some((one) => one.id === id));
  return made;
}

/** A node that keeps to no rule. */
async function oddNode(id: string, answer: (message: Msg) => void): Promise<void> {
  const subscription = nc.subscribe(subjects.requestsOfNode(id), {
    callback: (_, message) => answer(message),
  });
  open.push({ close: async () => subscription.unsubscribe() });
  await nc.flush();
}

const part = (text: string) => {
  const all = headers();
  all.set('Spoor-Part', text);
  return { headers: all };
};
const troubleOf = (to: string): Promise<string> =>
  nodes.call({ node: to }, {}, signal).then(
    (answer) => `answered ${JSON.stringify(answer)}`,
    (error: unknown) => (error instanceof NodeUnavailableError ? error.trouble : String(error)),
  );

it('carries a question there and an answer back, many times as long as a message may be', async () => {
  const long = Array.from({ length: 2 * MB }, (_, i) => String.fromCharCode(33 + ((i * i * 31) % 9000))).join(
    '',
  );
  await node('big', 'here', async (request) => ({ request, long }));
  const answer = await nodes.call({ node: 'big' }, { url: 'ü' }, signal);
  expect(answer).toEqual({ request: { url: 'ü' }, long });
});

it('a region’s question reaches one of its nodes, a node’s that one; the census names them', async () => {
  const asked: string[] = [];
  const saying = (id: string) => async () => {
    asked.push(id);
    return id;
  };
  for (const id of ['n1', 'n2']) await node(id, 'eu', saying(id));
  await node('n3', 'us', saying('n3'));
  const all = await Promise.all(Array.from({ length: 3 }, () => nodes.call({ region: 'eu' }, {}, signal)));
  expect(asked.length).toBe(3);
  expect(all.every((id) => id === 'n1' || id === 'n2')).toBe(true);
  expect(await nodes.call({ node: 'n2' }, {}, signal)).toBe('n2');
  const found = await nodes.census();
  expect(found.map(({ id, region }) => `${id} ${region}`)).toEqual(['n1 eu', 'n2 eu', 'n3 us']);
});

it('says at once that nobody is there, and when a node is full', async () => {
  expect(await troubleOf('nowhere')).toBe('nobody');
  let release: (value: string) => void = () => undefined;
  await node('small', 'here', () => new Promise((resolve) => (release = resolve)), 1);
  const first = nodes.call({ node: 'small' }, {}, signal);
  await until(async () => (await nodes.census())[0]?.busy === 1);
  expect(await troubleOf('small')).toBe('busy');
  release('late');
  expect(await first).toBe('late');
});

it.each<[string, string, (message: Msg) => void]>([
  ['never answers', 'silent', () => undefined],
  [
    'stops in the middle of its answer',
    'silent',
    (message) => void message.respond(gzipSync('"x"').subarray(0, 5), part('0/2')),
  ],
  ['answers what is no answer', 'broken', (message) => void message.respond('hello')],
  ['answers what is not compressed', 'broken', (message) => void message.respond('hello', part('0/1'))],
  ['skips a part', 'broken', (message) => void message.respond('x', part('1/2'))],
  ['announces too many parts', 'broken', (message) => void message.respond('x', part('0/9999'))],
  [
    'sends a bomb',
    'broken',
    (message) => {
      const count = Math.ceil(BOMB.length / 60_000);
      for (let i = 0; i < count; i += 1)
        message.respond(BOMB.subarray(i * 60_000, (i + 1) * 60_000), part(`${i}/${count}`));
    },
  ],
])('given a node that %s, then it is %s', async (_, trouble, answer) => {
  await oddNode('odd', answer);
  expect(await troubleOf('odd')).toBe(trouble);
});

it('given a node that takes long, then its sign of life every second is waited for, up to a limit', async () => {
  const patient = new NatsScrapeNodes(nc, { silenceMs: 1500, totalMs: 2600 });
  let ms = 2000;
  await node('slow', 'here', () => new Promise((resolve) => setTimeout(resolve, ms, 'done')));
  expect(await patient.call({ node: 'slow' }, {}, signal)).toBe('done');
  ms = 3000;
  await expect(patient.call({ node: 'slow' }, {}, signal)).rejects.toMatchObject({ trouble: 'silent' });
});

it('given a caller who leaves, then the node gives up its work', async () => {
  let given: AbortSignal | undefined;
  await node('left', 'here', (_, signal) => {
    given = signal;
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve('never heard')));
  });
  const leaving = new AbortController();
  const call = nodes.call({ node: 'left' }, {}, leaving.signal);
  await until(() => given !== undefined);
  leaving.abort();
  await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  await until(() => given!.aborted);
});

it('a node that closes takes nothing more, and finishes what it has begun', async () => {
  let release: (value: string) => void = () => undefined;
  const made = await connectNode({
    ...{ url: urlOf('scrape-node', 'n'), name: 'closing', connectTimeoutMs: 5000, logger: silentLogger },
  });
  const serving = made.desk.serve({ id: 'closing', region: 'x', slots: 2 }, () => {
    return new Promise((resolve) => (release = resolve));
  });
  open.push({ close: () => made.close() });
  await until(async () => (await nodes.census()).length === 1);
  const call = nodes.call({ node: 'closing' }, {}, signal);
  await until(async () => (await nodes.census())[0]?.busy === 1);
  const closing = serving.close(5000);
  await until(async () => (await troubleOf('closing')) === 'nobody');
  release('finished');
  expect(await call).toBe('finished');
  await closing;
});

it('a node’s user may answer, and read or write nothing else', async () => {
  const spy = await connect({ servers: nats.url, user: 'scrape-node', pass: 'n' });
  open.push({ close: () => spy.close() });
  const heard: string[] = [];
  const seen = nc.subscribe('spoor.>', { callback: (_, { subject }) => void heard.push(subject) });
  const refused: string[] = [];
  for (const subject of ['spoor.events.>', 'spoor.nodes.answer.*', 'spoor.accounts.>', '>'])
    spy.subscribe(subject, { callback: (error) => void (error && refused.push(subject)) });
  for (const subject of ['spoor.events.0.j.job', 'spoor.nodes.node.a', 'spoor.accounts.key.k'])
    spy.publish(subject, 'x');
  await until(() => refused.length === 4);
  await nc.flush();
  seen.unsubscribe();
  expect(heard).toEqual([]);
});
