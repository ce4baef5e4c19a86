import { connect, headers, type Msg, type MsgHdrsImpl, type NatsConnection } from '@nats-io/transport-node';
import { startTestNats, type TestNats } from '#libs/testing';
import { decodeEnvelope, encodeEnvelope, readEnvelope } from './envelope.js';

let nats: TestNats;
let nc: NatsConnection;
beforeAll(async () => {
  nats = await startTestNats();
  nc = await connect({ servers: nats.url });
});
afterAll(async () => {
  await nc.close();
  await nats.stop();
});

async function delivered(subject: string, payload: string, sent?: MsgHdrsImpl): Promise<Msg> {
  const subscription = nc.subscribe(subject, { max: 1 });
  nc.publish(subject, payload, { ...(sent && { headers: sent }), reply: 'some.reply' });
  for await (const msg of subscription) return msg;
  throw new Error('nothing was delivered');
}

const ours = encodeEnvelope({
  ...{ id: '0-abcdefgh:cmd:"é"', type: 'JobPaused', version: 3, jobId: '0-abcdefgh', gzip: true },
  ...{ time: '2026-01-01T00:00:00.000Z', causationId: 'grüße', subject: 'https://a.test/?q=a b' },
});

function foreign(): MsgHdrsImpl {
  const odd = headers() as MsgHdrsImpl;
  odd.append('ce-type', '  dev.spoor.First ');
  odd.append('ce-type', 'dev.spoor.Second');
  odd.append('Nats-Msg-Id', 'ü:with:colons');
  odd.append('ce-dataschema', '');
  return odd;
}

test.each<[string, string, MsgHdrsImpl | undefined]>([
  ['ours', '{"a":1}', ours],
  ['with an empty payload', '', ours],
  ['a payload that looks like headers', 'NATS/1.0\r\nce-type: dev.spoor.Other\r\n\r\n', ours],
  ["somebody else's headers", 'x', foreign()],
  ['no headers', 'NATS/1.0\r\nce-type: dev.spoor.Other\r\n\r\n', undefined],
])('the headers of a delivered message are read as the library reads them: %s', async (_, payload, sent) => {
  const msg = await delivered('envelope.test', payload, sent);
  expect(msg).toHaveProperty('size');
  expect(readEnvelope(msg)).toEqual(decodeEnvelope(msg.headers));
});
