// Reads the event log with the `nats` package (2.x) alone: npm install nats && NATS_URL=… node subscriber-nats.mjs [--once]
// The client library does more: checkpoints, other shards, long lists that travel beside their event, old versions.
import { gunzipSync } from 'node:zlib';
import { connect } from 'nats';

const STREAM = 'SPOOR_EVENTS_0';
const once = process.argv.includes('--once');

const url = new URL(process.env.NATS_URL ?? 'nats://127.0.0.1:4222');
const nc = await connect({
  servers: url.host,
  ...(url.username && { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) }),
});
const consumer = await nc
  .jetstream()
  .consumers.get(STREAM, { filterSubjects: 'spoor.events.0.*.page.PageFetched' });

/** An event as its headers (CloudEvents) and its payload tell it. */
function eventOf(message) {
  const header = (name) => message.headers?.get(name) ?? '';
  const zipped = header('Content-Encoding') === 'gzip';
  const text = zipped ? gunzipSync(message.data).toString() : message.string();
  return {
    seq: message.seq,
    type: header('ce-type'),
    jobId: header('ce-correlationid'),
    data: JSON.parse(text),
  };
}

const stored = (await (await nc.jetstreamManager()).streams.info(STREAM)).state.last_seq;
const messages = await consumer.consume();
for await (const message of messages) {
  const { seq, type, jobId, data } = eventOf(message);
  console.log(`${seq} ${type} ${jobId} ${data.statusCode} ${data.url}`);
  if (once && (seq >= stored || message.info.pending === 0)) break;
}
await nc.close();
