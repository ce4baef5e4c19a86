import { shardOf } from './ids.js';

/** The only place that spells a subject or a stream name. */
export const eventStream = (shard: number): string => `SPOOR_EVENTS_${shard}`;
export const fetchStream = (shard: number): string => `SPOOR_FETCH_${shard}`;
export const blobStream = (shard: number): string => `SPOOR_BLOBS_${shard}`;
export const LEASE_BUCKET = 'SPOOR_LEASES';
export const CHECKPOINT_BUCKET = 'SPOOR_CHECKPOINTS';
export const WEBHOOK_BUCKET = 'SPOOR_WEBHOOKS';
/** What was delivered to webhooks, and how it was answered; nothing is folded from it. */
export const DELIVERY_STREAM = 'SPOOR_DELIVERIES';
export const allDeliveries = 'spoor.deliveries.>';
export const deliveriesOf = (webhookId: string): string => `spoor.deliveries.${webhookId}`;

/** Shard of an event stream's name, or null when it is none. */
export const shardOfEventStream = (stream: string): number | null => {
  const shard = /^SPOOR_EVENTS_(\d+)$/.exec(stream)?.[1];
  return shard === undefined ? null : Number(shard);
};
/** Every event of every shard. */
export const everyEvent = 'spoor.events.>';
/** A stream that exists while a backup is being restored. */
export const RESTORE_SIGN = 'SPOOR_RESTORE';
export const restoreSign = 'spoor.restore';

export const allEvents = (shard: number): string => `spoor.events.${shard}.>`;
export const allJobEvents = (shard: number): string => `spoor.events.${shard}.*.job`;
export const eventsOfJob = (jobId: string): string => `spoor.events.${shardOf(jobId)}.${jobId}.>`;
export const jobSubject = (jobId: string): string => `spoor.events.${shardOf(jobId)}.${jobId}.job`;
export const pageSubject = (jobId: string, type: string): string =>
  `spoor.events.${shardOf(jobId)}.${jobId}.page.${type}`;
export const pagesOfJob = (jobId: string): string => `spoor.events.${shardOf(jobId)}.${jobId}.page.>`;

/** `jobId` of an event's subject, or null when it is not one of ours. */
export const jobIdOfSubject = (subject: string): string | null =>
  /^spoor\.events\.\d+\.([^.]+)\.(?:job|page\.[^.]+)$/.exec(subject)?.[1] ?? null;

export const allFetches = (shard: number): string => `spoor.fetch.${shard}.>`;
export const fetchesOfPool = (shard: number, pool: string): string => `spoor.fetch.${shard}.${pool}.>`;
export const fetchSubject = (jobId: string, pool: string): string =>
  `spoor.fetch.${shardOf(jobId)}.${pool}.${jobId}`;

/** Pool that a task waits for. */
export const poolOfFetch = (subject: string): string => subject.split('.')[3] ?? '';

export const allBlobs = (shard: number): string => `spoor.blobs.${shard}.>`;
export const blobsOfJob = (jobId: string): string => `spoor.blobs.${shardOf(jobId)}.${jobId}.>`;
export const blobSubject = (jobId: string, sha256: string, chunk: number): string =>
  `spoor.blobs.${shardOf(jobId)}.${jobId}.${sha256}.${chunk}`;

/** Core NATS, best effort: the coordinator's view of a running job, for people who watch. Never a truth. */
export const progressSubject = (jobId: string): string => `spoor.progress.${shardOf(jobId)}.${jobId}`;
export const allProgress = 'spoor.progress.>';

/** Keys, payments and usage: small, and read as a whole by whoever checks keys. */
export const ACCOUNT_STREAM = 'SPOOR_ACCOUNTS';
export const allAccounts = 'spoor.accounts.>';
export const allKeys = 'spoor.accounts.key.*';
export const keySubject = (keyId: string): string => `spoor.accounts.key.${token(keyId)}`;
export const paymentSubject = (signature: string): string => `spoor.accounts.payment.${token(signature)}`;
export const usageSubject = (caller: string): string => `spoor.accounts.usage.${token(caller)}`;

/** Scrape nodes: requests and answers over core NATS, of which nothing is kept. One node of those that listen gets a request. */
export const NODE_QUEUE = 'scrape';
export const requestsOfRegion = (region: string): string => `spoor.nodes.region.${token(region)}`;
export const requestsOfNode = (nodeId: string): string => `spoor.nodes.node.${token(nodeId)}`;
/** Where the caller of one request listens. */
export const nodeAnswers = (call: string): string => `spoor.nodes.answer.${token(call)}`;
/** Where the server tells a node that the caller listens no more. */
export const nodeProbe = (nodeId: string, call: string): string =>
  `spoor.nodes.probe.${token(nodeId)}.${token(call)}`;
export const probesOfNode = (nodeId: string): string => `spoor.nodes.probe.${token(nodeId)}.*`;
/** Every node answers with its name, its region, and how busy it is. */
export const nodeCensus = 'spoor.nodes.census';

export const batchSubject = (jobId: string): string =>
  `spoor.accounts.batch.${shardOf(jobId)}.${token(jobId)}`;
export const allBatches = (shard: number): string => `spoor.accounts.batch.${shard}.*`;

/** @throws RangeError when it could not stand in a subject as one word */
function token(word: string): string {
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(word)) throw new RangeError('not a word of a subject');
  return word;
}

/** Core NATS, best effort: workers of the browser service say that they are there. */
export const hiveWorkerSubject = (workerId: string): string =>
  `spoor.hive.worker.${token(workerId.replaceAll('.', '_'))}`;
export const allHiveWorkers = 'spoor.hive.worker.*';
