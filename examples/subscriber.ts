// A service that lives on the events: npm install @spoor/client, then NATS_URL=… node subscriber.js
import { subscribe, type LogEntry } from '@spoor/client';

/** What a service would write into its own database; `id` is the same at each delivery, so a repeat changes nothing. */
const titles = new Map<string, { url: string; title: string | null }>();

const putAside = (entry: LogEntry, error: Error): void =>
  console.error(`event ${entry.seq} is left for a person: ${error.message}`);

const subscription = await subscribe({
  durable: 'titles',
  from: 'start',
  on: {
    PageFetched: ({ url, title, statusCode }, { id, seq }) => {
      titles.set(id, { url, title });
      console.log(`${seq} ${statusCode} ${url}`);
    },
    JobCompleted: ({ pages }, { jobId }) => console.log(`${jobId} is done: ${pages.fetched} pages`),
    ProxyFailed: ({ message, hint }, { jobId }) => console.log(`${jobId} stands: ${message} ${hint}`),
  },
  deadLetter: putAside,
  onLive: (shard) => console.log(`shard ${shard}: the history is read`),
});

process.once('SIGTERM', () => void subscription.stop());
const report = setInterval(async () => {
  const { shards } = await subscription.position();
  for (const { shard, seq, lag } of shards) console.log(`shard ${shard}: at ${seq}, ${lag} behind`);
}, 10_000);
try {
  await subscription.done;
} finally {
  clearInterval(report);
}
