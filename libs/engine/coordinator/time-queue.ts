/** Values by the time they are due, earliest first: a binary heap. */
export class TimeQueue<T> {
  private heap: { at: number; value: T }[] = [];

  /** Time of the earliest value; Infinity when empty. */
  get earliest(): number {
    return this.heap[0]?.at ?? Infinity;
  }

  get size(): number {
    return this.heap.length;
  }

  push(at: number, value: T): void {
    const { heap } = this;
    let i = heap.push({ at, value }) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (heap[parent]!.at <= heap[i]!.at) break;
      [heap[parent], heap[i]] = [heap[i]!, heap[parent]!];
      i = parent;
    }
  }

  /** The earliest value if it is due at `now`. */
  popDue(now: number): T | undefined {
    const { heap } = this;
    const first = heap[0];
    if (!first || first.at > now) return undefined;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      this.sink();
    }
    return first.value;
  }

  private sink(): void {
    const { heap } = this;
    for (let i = 0; ;) {
      const left = 2 * i + 1;
      const right = left + 1;
      let least = i;
      if (left < heap.length && heap[left]!.at < heap[least]!.at) least = left;
      if (right < heap.length && heap[right]!.at < heap[least]!.at) least = right;
      if (least === i) return;
      [heap[least], heap[i]] = [heap[i]!, heap[least]!];
      i = least;
    }
  }
}
