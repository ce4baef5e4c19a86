import {
  catalogue,
  type JobEvent,
  type NewEvent,
  type StoredEvent,
  type JobEventType,
  type NewJobEvent,
} from '#libs/events';
import type { World } from '../world.js';

export const DEDUPE_MS = 120_000;

/** The subject's last event, or the stream's, is not the expected one: error 10071. */
export class WrongSequenceError extends Error {}

export interface Stored {
  seq: number;
  duplicate: boolean;
}

/** One shard's event stream as JetStream keeps it: sequences, message ids for two minutes, expected sequence of a subject. */
export class LogServer {
  readonly identity = 'SPOOR_EVENTS_0@simulated';
  readonly entries: StoredEvent[] = [];
  /** By job: sequence of its last decision, which is all that lies on its `.job` subject. */
  private readonly lastDecision = new Map<string, number>();
  private readonly ids = new Map<string, { seq: number; at: number }>();
  private waiting: (() => void)[] = [];

  constructor(
    private readonly world: World,
    private readonly idBeforeSequence: boolean,
    /** Sees every event at the moment it is stored. */
    private readonly onStored: (event: StoredEvent) => void,
  ) {}

  get lastSeq(): number {
    return this.entries.length;
  }

  at(seq: number): StoredEvent | undefined {
    return this.entries[seq - 1];
  }

  /** @throws WrongSequenceError */
  append(event: NewEvent, expectedSeq?: number): Stored {
    const known = this.knownId(event.id);
    if (known !== null && this.idBeforeSequence) return { seq: known, duplicate: true };
    if (expectedSeq !== undefined && (this.lastDecision.get(event.jobId) ?? 0) !== expectedSeq)
      throw new WrongSequenceError();
    if (known !== null) return { seq: known, duplicate: true };
    return { seq: this.store(event), duplicate: false };
  }

  decisions(jobId: string): JobEvent[] {
    return this.entries.filter((entry): entry is JobEvent => entry.jobId === jobId && isDecision(entry));
  }

  /** The last decision of each job. */
  lastDecisions(): JobEvent[] {
    return [...this.lastDecision.values()].sort((a, b) => a - b).map((seq) => this.at(seq) as JobEvent);
  }

  /** Calls back once, when something more is stored. */
  onMore(callback: () => void): void {
    this.waiting.push(callback);
  }

  private knownId(id: string): number | null {
    const known = this.ids.get(id);
    return known && this.world.time - known.at < DEDUPE_MS ? known.seq : null;
  }

  private store(event: NewEvent): number {
    const seq = this.entries.length + 1;
    const storedAt = Math.floor(this.world.time);
    // As it would come off the wire, and checked as a reader checks it; nobody can change what others read.
    const data = frozen(catalogue[event.type].data.parse(JSON.parse(JSON.stringify(event.data))));
    const stored = { ...event, data, seq, storedAt } as StoredEvent;
    this.entries.push(stored);
    this.ids.set(event.id, { seq, at: this.world.time });
    if (isDecision(event)) this.lastDecision.set(event.jobId, seq);
    if (this.world.tracing) this.world.note(null, `log ${seq}: ${event.type} ${event.id} ${brief(stored)}`);
    this.onStored(stored);
    for (const callback of this.waiting.splice(0)) callback();
    return seq;
  }
}

export const isDecision = (event: NewEvent): event is NewJobEvent =>
  catalogue[event.type as JobEventType].family === 'job';

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}

const brief = ({ data }: StoredEvent): string => {
  const { url, run, try: tryNo, code, because } = data as Record<string, unknown>;
  return [url, `run ${String(run)}`, tryNo && `try ${String(tryNo)}`, code, because]
    .filter(Boolean)
    .join(' ');
};
