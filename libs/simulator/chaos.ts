import type { Profile } from './profile.js';
import { Random } from './random.js';

/** Draws what the network and the stores do; nothing bad any more once it is told to stop. */
export class Chaos {
  injecting = true;
  /** NATS is away until then. */
  downUntil = 0;
  /** Beside the other draws, so that what is drawn for the site stays the same whatever else happens. */
  readonly random: Random;

  constructor(
    seed: number,
    readonly profile: Profile,
  ) {
    this.random = new Random(seed ^ 0x5bd1e995);
  }

  /** ms of one way. */
  latency(): number {
    const { slowRate, slowMs } = this.profile;
    if (this.injecting && slowRate > 0 && this.random.chance(slowRate)) return this.random.between(1, slowMs);
    return this.random.skewed(0.05, 8);
  }

  isLost(): boolean {
    return this.injecting && this.profile.lossRate > 0 && this.random.chance(this.profile.lossRate);
  }

  databaseFails(): boolean {
    return this.injecting && this.random.chance(this.profile.databaseErrorRate);
  }

  get leaseIsBroken(): boolean {
    return this.injecting && this.profile.brokenLease;
  }
}
