import type { Delivery, PullHandle, PullOptions } from '#libs/engine/ports';
import type { Link } from '../link.js';
import type { Puller, QueueMessage, QueueServer } from '../servers/queue-server.js';

const TASKS_A_BATCH = 8;
const WORKING_MS = 2000;
const SILENCE_MS = 12_000;

/** Pulls for a worker as the adapter's puller does: asks for what it has room for, says that it works, connects anew. */
export class SimulatedPuller implements PullHandle, Puller {
  private attached = false;
  private asked = 0;
  private stopped = false;
  /** Server's clock when this client had last found its consumer. */
  private connectedAt = Infinity;
  /** Since when a request of ours may have gone nowhere; Infinity when the server is heard. */
  private deafSince = Infinity;
  private connection = 0;
  /** By number of delivery: what is being worked on. */
  private readonly undone = new Map<number, number>();
  private readonly unsent = new Map<number, () => void>();
  private deliveries = 0;

  constructor(
    private readonly link: Link,
    private readonly server: QueueServer,
    private readonly options: PullOptions,
  ) {
    link.life.onEnd(() => server.detach(this));
    link.life.onReconnect(() => this.reconnect());
    void this.attach();
    this.tick();
  }

  wake(): void {
    if (this.stopped || !this.attached) return;
    const want = Math.ceil(this.options.freeSlots() / TASKS_A_BATCH) - this.asked;
    if (want <= 0) return;
    this.asked += want;
    const { connection } = this;
    let arrived = false;
    this.link.send(`pull ${want}`, () => {
      arrived = true;
      this.deafSince = Infinity;
      if (connection === this.connection) this.server.pull(this, want);
    });
    if (!arrived) this.deafSince = Math.min(this.deafSince, this.link.scene.world.time);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.server.detach(this);
  }

  isReachable(): boolean {
    return this.link.life.alive && this.attached;
  }

  receive(message: Readonly<QueueMessage>): void {
    const { link, connection } = this;
    const { world, chaos } = link.scene;
    // On a connection that carries nothing, or is another one by then, it is lost; it will come again.
    if (link.isCut) return;
    if (chaos.isLost()) return this.reconnect();
    world.after(chaos.latency(), link.life, `gets ${message.seq} (delivery ${message.deliveries})`, () => {
      if (link.isCut || connection !== this.connection) return;
      this.asked = Math.max(0, this.asked - 1);
      if (this.stopped) return link.send(`hands back ${message.seq}`, () => this.server.nak(message.seq));
      this.options.onDelivery(this.delivery(message));
      this.wake();
    });
  }

  reconnect(): void {
    this.attached = false;
    this.connection++;
    this.asked = 0;
    if (this.stopped) return;
    const { world, chaos } = this.link.scene;
    world.after(chaos.latency(), this.link.life, 'queue connects again', () => {
      for (const send of this.unsent.values()) send();
      this.unsent.clear();
      void this.attach();
    });
  }

  private async attach(): Promise<void> {
    const connection = ++this.connection;
    this.attached = false;
    this.asked = 0;
    const { world } = this.link.scene;
    try {
      const at = await this.link.request('attach to the queue', () => {
        if (connection === this.connection) this.server.attach(this);
        return world.time;
      });
      if (connection !== this.connection || this.stopped) return;
      this.connectedAt = at;
      this.attached = true;
      this.deafSince = Infinity;
      this.wake();
    } catch (error) {
      this.options.onError(error);
      world.after(500, this.link.life, 'attach again', () => void this.attach());
    }
  }

  private delivery(message: Readonly<QueueMessage>): Delivery {
    const { seq, batch, deliveries, storedAt } = message;
    const number = ++this.deliveries;
    this.undone.set(number, seq);
    const answer = (label: string, effect: () => void) => async (): Promise<void> => {
      if (!this.undone.delete(number)) return;
      const send = (): void => this.link.send(`${label} ${seq}`, effect);
      if (this.link.isCut) this.unsent.set(number, send);
      else send();
    };
    return {
      ...batch,
      seq,
      deliveries,
      olderThanConnection: storedAt <= this.connectedAt,
      done: answer('acknowledges', () => this.server.ack(seq)),
      giveBack: answer('gives back', () => this.server.nak(seq)),
    };
  }

  /** The word that the work goes on. */
  private tick(): void {
    const { world } = this.link.scene;
    world.after(WORKING_MS, this.link.life, '', () => {
      for (const seq of this.undone.values()) this.link.send('', () => this.server.working(seq));
      if (!this.link.isCut && this.unsent.size > 0) this.reconnect();
      else if (world.time - this.deafSince > SILENCE_MS) void this.attach();
      else this.wake();
      if (!this.stopped || this.undone.size > 0) this.tick();
    });
  }
}
