import type { JetStreamHandle } from '#libs/adapters/jetstream';
import { catalogue, pageEventId, type EventData, type NewEvent } from '#libs/events';
import { History } from '../history/index.js';

/** A job in a real log, told step by step. */
export class LoggedJob {
  private decisions = 0;

  constructor(
    private readonly log: JetStreamHandle,
    readonly jobId: string,
  ) {}

  start(): Promise<number> {
    return this.append(new History(this.jobId).started({ start: ['https://a.test/'] }));
  }

  page(n: number, change: Partial<EventData<'PageFetched'>> = {}): Promise<number> {
    return this.append(new History(this.jobId).fetched(pageUrl(n), [], change));
  }

  async pages(from: number, to: number): Promise<void> {
    for (let n = from; n < to; n += 1) await this.page(n);
  }

  /** A message as another version would have written it. */
  async raw(type: string, version: number, data: unknown, id: string): Promise<number> {
    const { headers } = await import('@nats-io/transport-node');
    const { jetstream } = await import('@nats-io/jetstream');
    const h = headers();
    h.set('Nats-Msg-Id', id);
    h.set('ce-type', `dev.spoor.${type}`);
    h.set('ce-time', '2026-01-01T00:00:00.000Z');
    h.set('ce-dataschema', `urn:spoor:event:${type}:${version}`);
    const subject = `spoor.events.${this.jobId.split('-')[0]}.${this.jobId}.page.${type}`;
    const ack = await jetstream(this.log.nc).publish(subject, JSON.stringify(data), { headers: h });
    return ack.seq;
  }

  private async append({ last }: History): Promise<number> {
    const id =
      'url' in last.data && 'try' in last.data
        ? pageEventId(this.jobId, last.data.run, last.data.url, last.data.try)
        : `${this.jobId}:cmd:${this.decisions}`;
    const event = {
      type: last.type,
      id,
      jobId: this.jobId,
      data: last.data,
      time: last.time,
    } as NewEvent;
    const { eventLog } = this.log;
    if (catalogue[event.type].family === 'page')
      return (await eventLog.publishPage(event as Parameters<typeof eventLog.publishPage>[0])).seq;
    const job = event as Parameters<typeof eventLog.appendJob>[0];
    const { seq } = await eventLog.appendJob(job, this.decisions);
    this.decisions = seq;
    return seq;
  }
}

export const pageUrl = (n: number): string => `https://a.test/page/${n}`;
