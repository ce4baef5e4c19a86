/** Remembers since when something has been so without a break: one look alone cannot tell a stall from a moment. */
export class Lasting<T = unknown> {
  private since: number | null = null;
  private sign: T | null = null;

  /**
   * @param sign null: it is not so. Another sign than last time begins anew.
   * @returns for how long it has been so, in the unit of `now`; null when it is not
   */
  see(sign: T | null, now: number): number | null {
    if (sign === null || this.since === null || this.sign !== sign) this.since = sign === null ? null : now;
    this.sign = sign;
    return this.since === null ? null : now - this.since;
  }

  get isSeen(): boolean {
    return this.since !== null;
  }
}
