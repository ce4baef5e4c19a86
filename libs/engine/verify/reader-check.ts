import type { EventLog, LogState, ProjectionStore, QueuedBatch } from '#libs/engine/ports';
import { checkpointMismatch } from '../projector/checkpoint-mismatch.js';
import { describeError } from '../describe-error.js';
import { finding, type LogFinding, type LogFindingCode } from './finding.js';

const REBUILD =
  'The read models are rebuilt by themselves when the engine starts, or now: `spoor projection rebuild`. If the log was not restored on purpose, find out first what happened to it.';

const MISMATCH: Record<'replaced' | 'shortened' | 'elsewhere', [LogFindingCode, string]> = {
  replaced: ['log_replaced', 'The log is another one than the read models were made from.'],
  shortened: ['log_shortened', 'The log ends before the read models do.'],
  elsewhere: ['checkpoint_elsewhere', 'The log holds another event than the read models tell of.'],
};

/** Where the read models stand, held against the log. */
export async function checkReadModels(
  eventLog: Pick<EventLog, 'eventIdAt' | 'head'>,
  open: () => Promise<Pick<ProjectionStore, 'checkpoint' | 'parked'>>,
  shard: number,
): Promise<LogFinding[]> {
  try {
    const store = await open();
    const found: LogFinding[] = [];
    const position = await store.checkpoint(shard);
    // Asked for later: what is projected in between must not make the log look shorter.
    const head = await eventLog.head(shard);
    const mismatch = position && (await checkpointMismatch(eventLog, shard, position, head));
    if (mismatch) {
      const [code, text] = MISMATCH[mismatch];
      found.push(
        finding(code, { shard, seq: position.seq }, `${text} They stand at event ${position.seq}.`, REBUILD),
      );
    }
    for (const { jobId, firstSeq, reason, events } of await store.parked(shard)) {
      const about = { shard, seq: firstSeq, ...(jobId === null ? {} : { jobId }) };
      const text = `${events} events are not in the read models: ${reason}`;
      found.push(finding('events_parked', about, text, 'Use a version of Spoor that can read them.'));
    }
    return found;
  } catch (error) {
    const text = `Where the read models stand could not be looked up: ${describeError(error)}`;
    return [finding('read_models_unknown', { shard }, text, 'Check DATABASE_URL, and verify again.')];
  }
}

/** Tasks that were released on a log that was longer than this one. */
export function checkQueue(
  batches: readonly QueuedBatch[],
  shard: number,
  { lastSeq }: LogState,
): LogFinding[] {
  const ahead = batches.filter(({ logSeq, jobSeq }) => Math.max(logSeq, jobSeq) > lastSeq);
  if (ahead.length === 0) return [];
  const text = `${ahead.length} batches in the fetch queue were released at an event behind the log's end: the log was cut or replaced without its queue.`;
  const fix = `Stop the engine and remove the stream SPOOR_FETCH_${shard}; the coordinator releases again what is open.`;
  return [finding('queue_ahead', { shard }, text, fix)];
}
