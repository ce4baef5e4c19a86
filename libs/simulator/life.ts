/** One run of one process, from its start to its death. What happens to a dead one never reaches its code. */
export class Life {
  alive = true;
  /** Stopped by SIGSTOP until then: what comes in waits. */
  frozenUntil = 0;
  /** Its connections to the servers carry nothing until then. */
  cutUntil = 0;
  private readonly reconnects: (() => void)[] = [];
  private readonly endings: (() => void)[] = [];

  constructor(
    readonly name: string,
    readonly role: Role,
    readonly born: number,
    /** By how much its wall clock is wrong, ms. */
    readonly skew: number,
  ) {}

  onEnd(ending: () => void): void {
    this.endings.push(ending);
  }

  /** After a cut that it has noticed. */
  onReconnect(reconnect: () => void): void {
    this.reconnects.push(reconnect);
  }

  reconnect(): void {
    for (const reconnect of this.reconnects) reconnect();
  }

  /** kill -9. */
  kill(): void {
    if (!this.alive) return;
    this.alive = false;
    for (const ending of this.endings) ending();
  }
}

export type Role = 'coordinator' | 'worker' | 'projector' | 'api';
