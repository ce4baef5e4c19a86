import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { NatsFrames, type NatsFrame } from './nats-frames.js';

/** `up`: from the client to the server. */
export type Direction = 'up' | 'down';

export interface Weather {
  /** Each piece waits so long, and up to `jitterMs` longer; the order stays. */
  delayMs?: number;
  jitterMs?: number;
  bytesPerSecond?: number;
}

/** What becomes of a piece on its way: it goes on, is lost, or takes the connection with it before it has gone on. */
export type Verdict = 'pass' | 'drop' | 'break';

/** Asked about each operation of the NATS protocol, or (on other links) each chunk as it came. */
export type Look = (direction: Direction, frame: NatsFrame) => Verdict;

/** A way between two processes that can be cut, slowed down, stopped in one direction, and looked into. */
export class Relay {
  readonly port: number = 0;
  private readonly pairs = new Set<Pair>();
  private readonly server: Server;
  private isCut = false;
  private weather: Weather = {};
  private stalled: Direction[] = [];
  private look: Look | null = null;

  constructor(
    private readonly target: number,
    private readonly isNats: boolean,
  ) {
    this.server = createServer((client) => {
      if (this.isCut) return void client.resetAndDestroy();
      const server = connect({ port: this.target, host: '127.0.0.1', noDelay: true });
      const pair = new Pair(client, server, this.isNats);
      pair.set(this.weather, this.stalled, this.look);
      this.pairs.add(pair);
      pair.onClose = () => this.pairs.delete(pair);
    });
  }

  async listen(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    Object.assign(this, { port: (this.server.address() as AddressInfo).port });
    return this;
  }

  /** Breaks every connection and lets none come about until `mend`. */
  cut(): void {
    this.isCut = true;
    this.breakAll();
  }

  /** Breaks every connection; new ones are welcome. What was on its way is lost. */
  breakAll(): void {
    for (const pair of [...this.pairs]) pair.close();
  }

  /** Nothing passes in these directions; it is kept, and comes late when the way is free again. */
  stall(...directions: Direction[]): void {
    this.stalled = directions;
    this.apply();
  }

  slow(weather: Weather): void {
    this.weather = weather;
    this.apply();
  }

  watch(look: Look | null): void {
    this.look = look;
    this.apply();
  }

  /** Fair again in every way. */
  mend(): void {
    this.isCut = false;
    this.weather = {};
    this.stalled = [];
    this.look = null;
    this.apply();
  }

  async close(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private apply(): void {
    for (const pair of this.pairs) pair.set(this.weather, this.stalled, this.look);
  }
}

/** One connection through the relay. */
class Pair {
  onClose: () => void = () => undefined;
  private readonly ways: Record<Direction, Way>;
  private look: Look | null = null;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    isNats: boolean,
  ) {
    client.setNoDelay(true);
    const lookAt = (direction: Direction, frame: NatsFrame): Verdict =>
      this.look?.(direction, frame) ?? 'pass';
    const close = (): void => this.close();
    this.ways = {
      up: new Way(client, server, isNats, (frame) => lookAt('up', frame), close),
      down: new Way(server, client, isNats, (frame) => lookAt('down', frame), close),
    };
    for (const socket of [client, server]) socket.on('error', () => undefined).on('close', close);
  }

  set(weather: Weather, stalled: Direction[], look: Look | null): void {
    this.look = look;
    for (const direction of ['up', 'down'] as const)
      this.ways[direction].set(weather, stalled.includes(direction));
  }

  close(): void {
    for (const socket of [this.client, this.server]) if (!socket.destroyed) socket.resetAndDestroy();
    for (const way of Object.values(this.ways)) way.end();
    this.onClose();
  }
}

/** Pieces this long leave one by one when the link is thin. */
const PIECE = 1024;

/** One direction of one connection: a queue of pieces, each with the time at which it may leave. */
class Way {
  private readonly frames: NatsFrames | null;
  private readonly queue: { bytes: Buffer; at: number }[] = [];
  private weather: Weather = {};
  private stalled = false;
  private timer: NodeJS.Timeout | null = null;
  private freeAt = 0;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    isNats: boolean,
    private readonly look: (frame: NatsFrame) => Verdict,
    private readonly close: () => void,
  ) {
    this.frames = isNats ? new NatsFrames() : null;
    from.on('data', (chunk: Buffer) => this.take(chunk));
  }

  set(weather: Weather, stalled: boolean): void {
    this.weather = weather;
    this.stalled = stalled;
    this.send();
  }

  end(): void {
    if (this.timer) clearTimeout(this.timer);
    this.queue.length = 0;
  }

  private take(chunk: Buffer): void {
    const whole = { bytes: chunk, op: '', subject: '', body: chunk };
    for (const frame of this.frames?.push(chunk) ?? [whole]) {
      const verdict = this.look(frame);
      if (verdict === 'break') return this.close();
      if (verdict === 'pass') this.enqueue(frame.bytes);
    }
    this.send();
    if (this.queue.length > 1000) this.from.pause();
  }

  private enqueue(bytes: Buffer): void {
    const { delayMs = 0, jitterMs = 0, bytesPerSecond } = this.weather;
    const now = performance.now();
    const at = Math.max(now + delayMs + Math.random() * jitterMs, this.queue.at(-1)?.at ?? 0);
    if (bytesPerSecond === undefined) return void this.queue.push({ bytes, at });
    for (let i = 0; i < bytes.length; i += PIECE) {
      const piece = bytes.subarray(i, i + PIECE);
      this.freeAt = Math.max(this.freeAt, at) + (piece.length / bytesPerSecond) * 1000;
      this.queue.push({ bytes: piece, at: this.freeAt });
    }
  }

  private send(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    if (this.stalled || this.to.destroyed) return;
    const now = performance.now();
    while (this.queue[0] && this.queue[0].at <= now) this.to.write(this.queue.shift()!.bytes);
    if (this.queue[0]) this.timer = setTimeout(() => this.send(), Math.max(1, this.queue[0].at - now));
    if (this.queue.length < 500 && this.from.isPaused()) this.from.resume();
  }
}
