/** A time limit whose clock can be stopped while one waits for something that is not the page's fault. */
export class Deadline {
  private timer: NodeJS.Timeout | null = null;
  private startedAt = 0;

  constructor(
    private leftMs: number,
    private readonly onEnd: () => void,
  ) {}

  start(): void {
    this.startedAt = performance.now();
    this.timer ??= setTimeout(this.onEnd, this.leftMs);
  }

  stop(): void {
    if (this.timer === null) return;
    clearTimeout(this.timer);
    this.timer = null;
    this.leftMs = Math.max(0, this.leftMs - (performance.now() - this.startedAt));
  }
}
