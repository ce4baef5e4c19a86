import type { DeliveryLog } from '#libs/adapters/jetstream/reading';
import { signedHeaders } from './signature.js';
import type { Delivery, WebhookRecord } from './webhook.js';

export interface Sender {
  post(request: {
    url: string;
    headers: Readonly<Record<string, string>>;
    body: string;
    timeoutMs: number;
    signal: AbortSignal;
  }): Promise<{ ok: true; statusCode: number } | { ok: false; code: string }>;
}

export interface Message {
  id: string;
  type: string;
  timestamp: string;
  jobId: string | null;
  shard: number | null;
  seq: number | null;
  data: unknown;
}

const TIMEOUT_MS = 20_000;

/** One signed try, written down; it has succeeded when the answer is a 2xx. @throws AbortError */
export async function deliver(
  webhook: WebhookRecord,
  secret: string,
  message: Message,
  attempt: number,
  { sender, log, signal }: { sender: Sender; log: DeliveryLog; signal: AbortSignal },
): Promise<Delivery> {
  const started = Date.now();
  const body = JSON.stringify(message);
  const headers = signedHeaders(secret, message.id, Math.floor(started / 1000), body);
  const answer = await sender.post({ url: webhook.url, headers, body, timeoutMs: TIMEOUT_MS, signal });
  const statusCode = answer.ok ? answer.statusCode : null;
  const delivery: Delivery = {
    ...{ eventId: message.id, type: message.type, jobId: message.jobId, seq: message.seq, attempt },
    ...{ at: new Date(started).toISOString(), ms: Date.now() - started },
    ok: statusCode !== null && statusCode >= 200 && statusCode < 300,
    statusCode,
    error: answer.ok ? null : answer.code,
  };
  await log.append(webhook.id, delivery);
  return delivery;
}
