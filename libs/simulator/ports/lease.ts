import type { Lease } from '#libs/engine/ports';
import type { Link } from '../link.js';
import type { LeaseServer } from '../servers/lease-server.js';

const TTL_MS = 5000;
const TIMEOUT_MS = 5000;

/** A lease that its holder keeps by renewing it; a broken one says yes to everybody. */
export class SimulatedLease implements Lease {
  constructor(
    private readonly link: Link,
    private readonly server: LeaseServer,
  ) {}

  hold(name: string, holder: string): Promise<boolean> {
    const { world, chaos } = this.link.scene;
    return this.asked('hold lease', () => {
      const present = this.present(name);
      if (present !== null && present !== holder && !chaos.leaseIsBroken) return false;
      this.server.held.set(name, { holder, until: world.time + TTL_MS });
      return true;
    });
  }

  release(name: string, holder: string): Promise<void> {
    return this.asked('release lease', () => {
      if (this.present(name) === holder) this.server.held.delete(name);
    });
  }

  holder(name: string): Promise<string | null> {
    return this.asked('look at lease', () => this.present(name));
  }

  private present(name: string): string | null {
    const held = this.server.held.get(name);
    return held && held.until > this.link.scene.world.time ? held.holder : null;
  }

  private asked<T>(label: string, effect: () => T): Promise<T> {
    return this.link.request(label, effect, { timeoutMs: TIMEOUT_MS });
  }
}
