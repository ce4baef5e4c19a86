import type { Appended } from '#libs/engine/ports';
import type { EncodedEvent } from './codec.js';
import type { LogConnection } from './connection.js';
import { toSpoorError } from './errors.js';

const MOST = 16;
const LONGEST_MS = 5;

interface Waiting {
  event: EncodedEvent;
  resolve: (appended: Appended) => void;
  reject: (error: unknown) => void;
}

/** Publishes that come together go out in one write; each has its own acknowledgement. */
export class Coalescer {
  private waiting: Waiting[] = [];
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly connection: LogConnection) {}

  publish(event: EncodedEvent): Promise<Appended> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ event, resolve, reject });
      if (this.waiting.length >= MOST) this.flush();
      else this.timer ??= setTimeout(() => this.flush(), LONGEST_MS);
    });
  }

  flush(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const batch = this.waiting;
    this.waiting = [];
    for (const { event, resolve, reject } of batch)
      this.connection.requests.publish(event.subject, event.payload, { headers: event.headers }).then(
        (ack) => resolve({ seq: ack.seq, duplicate: ack.duplicate === true }),
        (error: unknown) => reject(toSpoorError(error)),
      );
  }
}
