import type { LogState } from '#libs/engine/ports';
import { finding, RESTORE, type LogFinding } from './finding.js';

interface Hole {
  from: number;
  to: number;
}

/** What is named one by one; a damaged block may take thousands with it. */
const NAMED = 20;

/**
 * Looks for sequences without an event. Only the removal of a job takes events out of the log, and leaves its JobRemoved behind
 * them; what is missing for another reason is damage.
 */
export class SequenceCheck {
  private last = 0;
  private lastRemoval = 0;
  private readonly holes: Hole[] = [];

  constructor(private readonly shard: number) {}

  see(seq: number, isRemoval: boolean): void {
    if (seq > this.last + 1) this.holes.push({ from: this.last + 1, to: seq - 1 });
    this.last = Math.max(this.last, seq);
    if (isRemoval) this.lastRemoval = seq;
  }

  /** @param state of the stream, as it was before the first event was seen */
  findings({ lastSeq, firstSeq, deleted }: LogState): LogFinding[] {
    if (this.last < lastSeq) this.holes.push({ from: this.last + 1, to: lastSeq });
    const found: LogFinding[] = [];
    for (const hole of this.holes) {
      // The store counts on it and cannot give it.
      const damaged = first(hole, (seq) => seq >= firstSeq && !deleted.has(seq));
      if (damaged !== null) found.push(this.missing('event_damaged', hole, damaged));
      else if (hole.to > this.lastRemoval) found.push(this.missing('events_missing', hole, hole.from));
    }
    if (found.length <= NAMED) return found;
    const rest = found.length - NAMED;
    const last = found[NAMED - 1]!;
    return [
      ...found.slice(0, NAMED - 1),
      { ...last, message: `${last.message} There are ${rest} more such gaps.` },
    ];
  }

  private missing(code: 'event_damaged' | 'events_missing', { from, to }: Hole, seq: number): LogFinding {
    const what = from === to ? `Event ${from}` : `Events ${from} to ${to}`;
    const why =
      code === 'event_damaged'
        ? 'cannot be read: the store is damaged'
        : `${from === to ? 'is' : 'are'} missing, and no job was removed since`;
    return finding(code, { shard: this.shard, seq }, `${what} ${why}.`, RESTORE);
  }
}

function first({ from, to }: Hole, test: (seq: number) => boolean): number | null {
  for (let seq = from; seq <= to; seq += 1) if (test(seq)) return seq;
  return null;
}
