import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryLog } from '#libs/adapters/jetstream/reading';
import { delivery, type Delivery, type WebhookRecord } from './webhook.js';

/** As many as the log keeps of one webhook. */
const KEPT = 500;

/** What processes before this one tried in vain, by event: counts and waits go on where they were. */
export class EarlierTries {
  private constructor(
    private readonly tries: ReadonlyMap<string, Delivery>,
    private readonly askedAt: string | null,
  ) {}

  static async of({ id, askedAt }: WebhookRecord, log: DeliveryLog): Promise<EarlierTries> {
    const newest = new Map<string, Delivery>();
    for (const found of await log.last(id, KEPT)) {
      const one = delivery.parse(found);
      if (!newest.has(one.eventId)) newest.set(one.eventId, one);
    }
    for (const [eventId, { ok }] of newest) if (ok) newest.delete(eventId);
    return new EarlierTries(newest, askedAt);
  }

  countOf(eventId: string): number {
    return this.tries.get(eventId)?.attempt ?? 0;
  }

  /** Until the next try is due; not when a person has asked for it meanwhile. @throws AbortError */
  async wait(eventId: string, signal: AbortSignal): Promise<void> {
    const last = this.tries.get(eventId);
    if (!last?.nextAttemptAt || (this.askedAt !== null && last.at < this.askedAt)) return;
    const ms = Date.parse(last.nextAttemptAt) - Date.now();
    if (ms > 0) await sleep(ms, undefined, { signal });
  }
}
