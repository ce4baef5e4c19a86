import { SpoorError } from '#libs/failures';
import type { Life } from './life.js';
import type { Scene } from './scene.js';

/** As in the adapter: an attempt without an answer is repeated byte for byte, ever later. */
const ATTEMPT_MS = 3000;
const LOG_TIMEOUT_MS = 60_000;

export interface RequestOptions {
  timeoutMs?: number;
  /** ms to the server; requests that are written together arrive in their order. */
  there?: number;
}

/**
 * The connection of one process to the servers. A request takes time to get there and back, may be lost on either way (so its
 * effect may have happened though nobody hears of it), and is repeated until an answer comes.
 */
export class Link {
  constructor(
    readonly scene: Scene,
    readonly life: Life,
  ) {}

  /** True while nothing gets through. */
  get isCut(): boolean {
    return this.opensAt > this.scene.world.time;
  }

  get opensAt(): number {
    return Math.max(this.life.cutUntil, this.scene.chaos.downUntil);
  }

  /** @throws SpoorError store_unavailable; what `effect` throws at the server */
  request<T>(label: string, effect: () => T, options: RequestOptions = {}): Promise<T> {
    const { world, chaos } = this.scene;
    const { timeoutMs = LOG_TIMEOUT_MS } = options;
    return new Promise<T>((resolve, reject) => {
      if (!this.life.alive) return;
      const deadline = world.time + timeoutMs;
      let open = true;
      let cancel = (): void => undefined;
      const close = (answer: () => void): void => {
        if (!open) return;
        open = false;
        cancel();
        answer();
      };
      const transmit = (attempt: number): void => {
        const there = attempt === 0 ? (options.there ?? chaos.latency()) : chaos.latency();
        if (!this.isCut && !chaos.isLost()) world.after(there, null, '', () => arrive());
        const wait = ATTEMPT_MS * Math.min(4, 2 ** attempt);
        const again = this.isCut ? Math.min(wait, this.opensAt - world.time + chaos.latency()) : wait;
        cancel = world.after(again, this.life, `${label}: no answer`, () => {
          if (world.time < deadline) transmit(attempt + 1);
          else close(() => reject(new SpoorError('store_unavailable', `${label}: NATS does not answer`)));
        });
      };
      const arrive = (): void => {
        if (!this.life.alive && chaos.random.chance(0.5)) return;
        const answer = attempted(effect);
        world.note(null, `${this.life.name} ${label}${answer.ok ? '' : ' refused'}`);
        if (this.isCut || chaos.isLost()) return world.note(null, `answer lost: ${label}`);
        world.after(chaos.latency(), this.life, `${label} answered`, () =>
          close(() => (answer.ok ? resolve(answer.value) : reject(answer.error))),
        );
      };
      transmit(0);
    });
  }

  /** A message that nobody answers. */
  send(label: string, effect: () => void): void {
    const { world, chaos } = this.scene;
    if (!this.life.alive || this.isCut || chaos.isLost()) return;
    world.after(chaos.latency(), null, `${this.life.name} ${label}`, effect);
  }
}

type Answer<T> = { ok: true; value: T } | { ok: false; error: unknown };

function attempted<T>(effect: () => T): Answer<T> {
  try {
    return { ok: true, value: effect() };
  } catch (error) {
    return { ok: false, error };
  }
}
