import type { TaskBatch } from '#libs/engine/ports';
import type { Chaos } from '../chaos.js';
import type { World } from '../world.js';
import { WrongSequenceError } from './log-server.js';

const ACK_WAIT_MS = 6000;
/** How far back a kill of the server may forget acknowledgements. */
const FORGETS_MS = 5000;

export interface QueueMessage {
  seq: number;
  batch: TaskBatch;
  storedAt: number;
  deliveries: number;
  /** Delivered and unacknowledged until then; 0: waits to be delivered. */
  deadline: number;
  /** Was acknowledged, and forgotten to be so. */
  isBack: boolean;
}

export interface Puller {
  isReachable(): boolean;
  receive(message: Readonly<QueueMessage>): void;
  /** The connection was lost and is there again. */
  reconnect(): void;
}

/** One shard's work queue with its consumer: messages until they are acknowledged, delivery counts, redelivery. */
export class QueueServer {
  lastSeq = 0;
  /** Highest that was ever delivered. */
  deliveredSeq = 0;
  private lastId = '';
  readonly messages = new Map<number, QueueMessage>();
  private readonly ids = new Map<string, number>();
  private readonly pulls: Puller[] = [];
  private readonly pullers = new Set<Puller>();
  private removed: { message: QueueMessage; at: number }[] = [];

  constructor(
    private readonly world: World,
    private readonly chaos: Chaos,
    /** Sees every batch at the moment it is released, beside those that lie in the queue. */
    private readonly onReleased: (batch: TaskBatch, others: Iterable<QueueMessage>) => void,
  ) {}

  /** @throws WrongSequenceError */
  publish(batch: TaskBatch, id: string, expectedLastSeq: number, expectedLastId: string | null): number {
    const known = this.ids.get(id);
    if (known !== undefined && this.chaos.profile.idBeforeSequence) return known;
    if (this.lastSeq !== expectedLastSeq || (expectedLastId !== null && this.lastId !== expectedLastId))
      throw new WrongSequenceError();
    const seq = ++this.lastSeq;
    this.lastId = id;
    this.ids.set(id, seq);
    const { time } = this.world;
    this.onReleased(batch, this.messages.values());
    const copy = JSON.parse(JSON.stringify(batch)) as TaskBatch;
    this.messages.set(seq, { seq, batch: copy, storedAt: time, deliveries: 0, deadline: 0, isBack: false });
    if (this.world.tracing)
      this.world.note(
        null,
        `queue ${seq}: run ${batch.run} ${batch.tasks.map((t) => `${t.url}#${t.try}`).join(' ')}`,
      );
    this.dispatch();
    return seq;
  }

  attach(puller: Puller): void {
    this.pullers.add(puller);
    this.forgetPulls(puller);
  }

  detach(puller: Puller): void {
    this.pullers.delete(puller);
    this.forgetPulls(puller);
  }

  pull(puller: Puller, count: number): void {
    for (let n = 0; n < count; n++) this.pulls.push(puller);
    this.dispatch();
  }

  ack(seq: number): void {
    const message = this.messages.get(seq);
    if (!message || message.deliveries === 0) return;
    this.messages.delete(seq);
    this.removed.push({ message, at: this.world.time });
  }

  /** Handed back. */
  nak(seq: number): void {
    const message = this.messages.get(seq);
    if (!message || message.deadline === 0) return;
    message.deadline = 0;
    this.dispatch();
  }

  working(seq: number): void {
    const message = this.messages.get(seq);
    if (message && message.deadline > 0) message.deadline = this.world.time + ACK_WAIT_MS;
  }

  /** kill -9 and a new start: some acknowledgements and delivery counts are forgotten, and everybody connects anew. */
  restart(): void {
    const { random } = this.chaos;
    for (const message of this.messages.values())
      if (random.chance(0.5)) Object.assign(message, { deliveries: 0, deadline: 0 });
    const recent = this.removed.filter(({ at }) => this.world.time - at < FORGETS_MS && random.chance(0.5));
    for (const { message } of recent)
      this.messages.set(message.seq, { ...message, deliveries: 0, deadline: 0, isBack: true });
    this.removed = [];
    this.pulls.length = 0;
    for (const puller of this.pullers) puller.reconnect();
  }

  private forgetPulls(puller: Puller): void {
    for (let i = this.pulls.length - 1; i >= 0; i--) if (this.pulls[i] === puller) this.pulls.splice(i, 1);
  }

  private dispatch(): void {
    while (this.pulls.length > 0 && this.chaos.downUntil <= this.world.time) {
      const message = this.nextToDeliver();
      const puller = message && this.pulls.shift();
      if (!message || !puller) return;
      if (puller.isReachable()) this.deliver(message, puller);
    }
  }

  /** What was delivered before comes first; else in the order of the stream. */
  private nextToDeliver(): QueueMessage | null {
    let first: QueueMessage | null = null;
    for (const message of this.messages.values()) {
      if (message.deadline > 0) continue;
      if (!first || isBefore(message, first)) first = message;
    }
    return first;
  }

  private deliver(message: QueueMessage, puller: Puller): void {
    message.deliveries++;
    this.deliveredSeq = Math.max(this.deliveredSeq, message.seq);
    message.deadline = this.world.time + ACK_WAIT_MS;
    this.watch(message);
    puller.receive({ ...message });
  }

  private watch(message: QueueMessage): void {
    this.world.after(message.deadline - this.world.time, null, '', () => {
      if (this.messages.get(message.seq) !== message || message.deadline === 0) return;
      if (message.deadline > this.world.time) return this.watch(message);
      this.world.note(null, `queue ${message.seq}: not acknowledged in time`);
      message.deadline = 0;
      this.dispatch();
    });
  }
}

function isBefore(a: QueueMessage, b: QueueMessage): boolean {
  const [again, other] = [a.deliveries > 0, b.deliveries > 0];
  return again === other ? a.seq < b.seq : again;
}
