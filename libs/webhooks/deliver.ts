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
  }): Promise<{ ok: true; statusCode: number; retryAfterMs: number | null } | { ok: false; code: string }>;
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

export interface DeliverWith {
  sender: Sender;
  log: DeliveryLog;
  signal: AbortSignal;
  /** Wait after a failed try, ms; without it there is no other. */
  wait?: (attempt: number) => number;
}

const TIMEOUT_MS = 20_000;
/** The receiver is there no more. */
const GONE = 410;
/** Too busy: what these answers ask for in Retry-After is kept. */
const BUSY = [429, 503];
/** As long as a receiver can put us off. */
const LONGEST_MS = 86_400_000;

/** One signed try, written down; it has succeeded when the answer is a 2xx. @throws AbortError */
export async function deliver(
  webhook: WebhookRecord,
  secret: string,
  message: Message,
  attempt: number,
  { sender, log, signal, wait }: DeliverWith,
): Promise<Delivery> {
  const started = Date.now();
  const body = JSON.stringify(message);
  const headers = signedHeaders(secret, message.id, Math.floor(started / 1000), body);
  const answer = await sender.post({ url: webhook.url, headers, body, timeoutMs: TIMEOUT_MS, signal });
  const ended = Date.now();
  const statusCode = answer.ok ? answer.statusCode : null;
  const ok = statusCode !== null && statusCode >= 200 && statusCode < 300;
  const asked =
    answer.ok && BUSY.includes(answer.statusCode) ? Math.min(answer.retryAfterMs ?? 0, LONGEST_MS) : 0;
  const isLast = ok || statusCode === GONE || wait === undefined;
  const delivery: Delivery = {
    ...{ eventId: message.id, type: message.type, jobId: message.jobId, seq: message.seq, attempt },
    ...{ at: new Date(started).toISOString(), ms: ended - started },
    ...{ ok, statusCode, error: answer.ok ? null : answer.code },
    nextAttemptAt: isLast ? null : new Date(ended + Math.max(asked, wait(attempt))).toISOString(),
  };
  await log.append(webhook.id, delivery);
  return delivery;
}

export const isGone = ({ statusCode }: Delivery): boolean => statusCode === GONE;
