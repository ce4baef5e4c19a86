import type { LogConnection } from './connection.js';
import type { RawMessage } from './session.js';
import type { StreamInfo } from './streams.js';

interface Gap {
  from: number;
  to: number;
}

/** More gaps than this at once are a purge, or more damage than needs to be listed. */
const MOST = 1000;

/**
 * Notices events that the server counts on and leaves out. A message whose checksum does not fit is skipped without a word (2.10 and
 * 2.15 alike), so a reader sees nothing but a gap in the sequence; the events of removed jobs leave gaps, too, and those the
 * server calls deleted.
 */
export class GapWatch {
  private gaps: Gap[] = [];
  private checking = false;
  /** What the server called deleted when it was asked last: while that explains the gaps, it need not be asked again. */
  private deleted = new Set<number>();

  constructor(
    private readonly connection: LogConnection,
    private readonly stream: string,
  ) {}

  /** @param after sequence that was handed on before these messages */
  see(messages: readonly RawMessage[], after: number): void {
    let last = after;
    for (const { seq } of messages) {
      if (seq > last + 1 && this.gaps.length < MOST) this.gaps.push({ from: last + 1, to: seq - 1 });
      last = seq;
    }
    if (this.gaps.length === 0 || this.checking) return;
    this.checking = true;
    void this.check()
      // From a server that does not answer nothing is learnt; `spoor log verify` finds it, too.
      .catch(() => undefined)
      .finally(() => (this.checking = false));
  }

  private async check(): Promise<void> {
    while (this.gaps.length > 0) {
      const gaps = this.gaps.splice(0);
      if (this.unexplained(gaps, 1).length === 0) continue;
      const { state } = await this.connection.requests.json<StreamInfo & { state: { deleted?: number[] } }>(
        `$JS.API.STREAM.INFO.${this.stream}`,
        { deleted_details: true },
      );
      this.deleted = new Set(state.deleted);
      const damaged = this.unexplained(gaps, state.first_seq);
      if (damaged.length === 0) continue;
      const more = damaged.length > 1 ? ` and ${damaged.length - 1} more` : '';
      this.connection.logger.error(
        `event ${damaged[0]}${more} of ${this.stream} cannot be read: the store is damaged; see spoor log verify`,
      );
    }
  }

  private unexplained(gaps: readonly Gap[], firstSeq: number): number[] {
    const found: number[] = [];
    for (const { from, to } of gaps)
      for (let seq = Math.max(from, firstSeq); seq <= to; seq += 1)
        if (!this.deleted.has(seq)) found.push(seq);
    return found;
  }
}
