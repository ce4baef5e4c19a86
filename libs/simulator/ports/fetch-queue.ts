import {
  StaleReleaseError,
  type Delivery,
  type FetchQueue,
  type PullHandle,
  type PullOptions,
  type QueuedBatch,
  type TaskBatch,
} from '#libs/engine/ports';
import type { Link } from '../link.js';
import { WrongSequenceError } from '../servers/log-server.js';
import type { QueueServer } from '../servers/queue-server.js';
import { SimulatedPuller } from './puller.js';

/** The work queue as the adapter uses it. */
export class SimulatedFetchQueue implements FetchQueue {
  private releases = 0;

  constructor(
    private readonly link: Link,
    private readonly server: QueueServer,
    /** What the worker has been given, for the oracles. */
    private readonly onDelivery: (delivery: Delivery) => void = () => undefined,
  ) {}

  /** All in one write, each naming the one before it; any of them, or its answer, may be lost on its own. */
  async release(_: number, __: string, batches: TaskBatch[], expectedLastSeq: number): Promise<number> {
    const release = `${this.link.life.name}:${this.releases++}`;
    const there = this.link.scene.chaos.latency();
    const acks = await Promise.allSettled(
      batches.map((batch, i) =>
        this.link.request(
          `release ${batch.tasks.length} tasks behind ${expectedLastSeq + i}`,
          () => {
            const before = i === 0 ? null : `${release}:${i - 1}`;
            return this.server.publish(batch, `${release}:${i}`, expectedLastSeq + i, before);
          },
          { there },
        ),
      ),
    );
    let last = expectedLastSeq;
    for (const ack of acks) {
      if (ack.status === 'fulfilled') last = ack.value;
      else throw ack.reason instanceof WrongSequenceError ? new StaleReleaseError() : ack.reason;
    }
    return last;
  }

  /** The last sequence first, then message by message: what is released or acknowledged meanwhile may be seen or not. */
  async snapshot(): Promise<{ lastSeq: number; batches: QueuedBatch[] }> {
    const { random } = this.link.scene.chaos;
    const lastSeq = await this.link.request('queue state', () => this.server.lastSeq);
    const batches: QueuedBatch[] = [];
    for (let from = 1; ;) {
      const most = random.int(1, 6);
      const found = await this.link.request('read queue', () => this.from(from, most));
      batches.push(...found);
      if (found.length < most) return { lastSeq, batches };
      from = found.at(-1)!.seq + 1;
    }
  }

  private from(first: number, most: number): QueuedBatch[] {
    return [...this.server.messages.values()]
      .filter(({ seq }) => seq >= first)
      .sort((a, b) => a.seq - b.seq)
      .slice(0, most)
      .map(({ seq, batch }) => ({ ...batch, seq }));
  }

  taken(): Promise<number> {
    return this.link.request('what was taken', () => this.server.deliveredSeq);
  }

  pull(_: number, __: string, options: PullOptions): PullHandle {
    const onDelivery = (delivery: Delivery): void => {
      this.onDelivery(delivery);
      options.onDelivery(delivery);
    };
    return new SimulatedPuller(this.link, this.server, { ...options, onDelivery });
  }
}
