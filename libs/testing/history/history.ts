import type { EventData, EventType, StoredEvent } from '#libs/events';
import { resolveSpec } from '#libs/job';

/** A job's history for specs: what does not matter to a fold is filled in. */
export class History {
  private seq = 0;
  readonly events: StoredEvent[] = [];

  constructor(readonly jobId = '0-testjob00') {}

  started(input: unknown): this {
    const { spec, start } = resolveSpec(input);
    return this.add('JobStarted', { commandId: 'start', run: 1, generation: 1, spec, start });
  }

  fetched(url: string, links: string[] = [], over: Partial<EventData<'PageFetched'>> = {}): this {
    return this.add('PageFetched', {
      url,
      generation: 1,
      run: 1,
      try: 1,
      stage: 'page',
      depth: 0,
      attempt: 1,
      statusCode: 200,
      finalUrl: url,
      contentType: 'text/html',
      contentLength: 10,
      receivedBytes: 10,
      charset: 'utf-8',
      title: null,
      h1: null,
      headers: {},
      redirects: [],
      robots: { policy: 'mark', allowed: true, confidence: 'high', reason: 'allowed', rule: null },
      timing: { startedAt: 0, durationMs: 1 },
      error: null,
      links: { follow: { page: links }, skip: {} },
      items: [],
      ...over,
    });
  }

  retried(url: string, over: Partial<EventData<'FetchRetried'>> = {}): this {
    return this.add('FetchRetried', {
      url,
      generation: 1,
      run: 1,
      try: 1,
      stage: 'page',
      depth: 0,
      attempt: 1,
      burned: true,
      code: 'http_5xx',
      message: 'HTTP 503',
      statusCode: 503,
      delayMs: 2000,
      ...over,
    });
  }

  add<T extends EventType>(type: T, data: EventData<T>): this {
    this.seq++;
    const event = {
      type,
      id: `event-${this.seq}`,
      jobId: this.jobId,
      data,
      time: new Date(this.seq * 1000).toISOString(),
      seq: this.seq,
      storedAt: this.seq * 1000,
    };
    this.events.push(event as StoredEvent);
    return this;
  }

  get last(): StoredEvent {
    return this.events.at(-1)!;
  }
}
