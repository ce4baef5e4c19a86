import type { Life } from './life.js';

interface Happening {
  at: number;
  order: number;
  /** Whose code runs then; null: the servers and the world outside. */
  life: Life | null;
  label: string;
  run: (() => void) | null;
}

/** 2026-01-01, so that times look like times. */
const BEGIN = Date.UTC(2026, 0, 1);

/**
 * Virtual time: what will happen, by when. One thing happens at a time, and the next one only when everything that it set off in
 * the engine's code has come to rest.
 */
export class World {
  time = BEGIN;
  /** Happenings so far that ran a process's code. */
  steps = 0;
  readonly trace: string[] = [];
  /** A process's code ran, and what it has set off may not have come to rest. */
  stirred = true;
  /** First broken promise of the run. */
  failure: { oracle: string; text: string } | null = null;
  private readonly heap: Happening[] = [];
  private order = 0;

  constructor(
    readonly tracing: boolean,
    /** Asked before a process's code runs on: a fault may strike it first. */
    private readonly strike: (life: Life) => void,
  ) {}

  /** ms since the run began. */
  get elapsed(): number {
    return this.time - BEGIN;
  }

  /** @returns takes it back */
  after(ms: number, life: Life | null, label: string, run: () => void): () => void {
    const happening: Happening = { at: this.time + Math.max(ms, 0), order: this.order++, life, label, run };
    this.push(happening);
    return () => (happening.run = null);
  }

  /** Lets the next thing happen. False when nothing is left to. */
  next(): boolean {
    for (let next = this.pop(); next; next = this.pop()) {
      const { life } = next;
      if (next.run === null || life?.alive === false) continue;
      this.time = Math.max(this.time, next.at);
      if (life && !this.mayRun(next, life)) continue;
      if (this.tracing && next.label) this.note(life, next.label);
      this.stirred ||= life !== null;
      // The fault may have called it off.
      next.run?.();
      return true;
    }
    return false;
  }

  note(life: Life | null, text: string): void {
    if (this.tracing)
      this.trace.push(`${(this.elapsed / 1000).toFixed(4).padStart(9)} ${life?.name ?? '-'}: ${text}`);
  }

  fail(oracle: string, text: string): void {
    this.failure ??= { oracle, text };
    this.note(null, `FAILED ${oracle}: ${text}`);
  }

  /** All that a process does next is put off while it is stopped. */
  private mayRun(next: Happening, life: Life): boolean {
    if (life.frozenUntil <= this.time) {
      this.steps++;
      this.strike(life);
    }
    if (!life.alive) return false;
    if (life.frozenUntil <= this.time) return true;
    next.at = life.frozenUntil;
    this.push(next);
    return false;
  }

  private push(value: Happening): void {
    const { heap } = this;
    let i = heap.push(value) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(value, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = value;
  }

  private pop(): Happening | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

const before = (a: Happening, b: Happening): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** When this resolves, every promise that could settle has: Node empties its microtasks before it comes to immediates. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
