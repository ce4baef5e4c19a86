import { randomUUID } from 'node:crypto';
import type { LogReader } from '#libs/adapters/jetstream/reading';
import { catalogue, isEventType, isJobId, shardOf, type EventType } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { natsCheckpoints } from './checkpoint.js';
import { connect } from './connect.js';
import { Handling } from './handling.js';
import type { SubscribeOptions } from './options.js';
import { Subscription } from './subscription.js';

const DURABLE = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Events of the log, at least once: first the history, then what comes, without a gap.
 *
 * - **Order.** The events of a shard, and so those of a job, come in the order of the log, one at a time: the next one waits
 *   until the handler has returned. Handlers of different shards run side by side.
 * - **Repeats.** The checkpoint is written behind what has been handled. After a crash the events since the last checkpoint come
 *   again (at most `commitEvery.events`, or what was handled in `commitEvery.ms`), with the same `meta.id`; nothing is skipped.
 *   Handlers must be idempotent, or store `meta.checkpoint` with their rows (see CheckpointStore).
 * - **Failures.** A handler that throws is called again after a growing wait, then `deadLetter` takes the event, or the
 *   subscription ends with HandlerFailedError before it.
 * - **Versions.** Events reach handlers in the present version of the catalogue. Types that this version does not know are
 *   counted and passed over; an event of a type that is subscribed to and cannot be read is never passed over silently.
 * - **Back-pressure.** No more than `buffer` events of a shard (and about 4 MB of waiting messages) are in memory; a slow handler
 *   slows the reading.
 * - **One owner.** Of two subscriptions with the same `durable` the one that began last goes on; the other ends with SupersededError.
 *
 * While NATS is away a running subscription waits. `done` rejects when something ends it; a process that does not look at `done`
 * ends by the unhandled rejection, which is on purpose.
 *
 * @throws SpoorError invalid_request that names the option; store_unavailable; LogIdentityError when the log is not the one of the
 *   checkpoint and there is no `onReset`.
 */
export async function subscribe(options: SubscribeOptions): Promise<Subscription> {
  const types = checked(options);
  const { durable, from = 'start', url, logger, signal, connection } = options;
  const reader =
    connection ?? (await connect({ url, logger, name: `spoor client ${durable ?? ''}`.trim() } as const));
  const close = async (): Promise<void> => (connection ? undefined : reader.close());
  try {
    const shards = await shardsOf(reader, options);
    const store =
      durable === undefined ? null : (options.checkpoints ?? (await natsCheckpoints(reader, randomUUID())));
    const abort = new AbortController();
    if (signal?.aborted) abort.abort();
    signal?.addEventListener('abort', () => abort.abort(), { once: true });
    const handling = new Handling(options);
    const subscription = new Subscription(
      { reader, options, store, handling, types, unknownTypes: {} },
      abort,
      close,
    );
    await subscription.start(shards, typeof from === 'function' ? from : () => from);
    return subscription;
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
}

/** The types that are asked for. */
function checked(options: SubscribeOptions): ReadonlySet<EventType> {
  const { durable, jobs, from, on } = options;
  if (durable !== undefined && !DURABLE.test(durable))
    throw invalid('durable', 'is 1 to 64 letters, digits, _ and -');
  if (typeof from === 'number' && !(Number.isSafeInteger(from) && from >= 0))
    throw invalid('from', 'is a sequence, a whole number');
  if (from instanceof Date && Number.isNaN(from.getTime())) throw invalid('from', 'is not a valid date');
  if (jobs && jobs.length === 0) throw invalid('jobs', 'names no job; leave it out for all of them');
  for (const job of jobs ?? []) if (!isJobId(job)) throw invalid('jobs', `has ${job}, which is no job id`);
  const handled = typeof on === 'function' ? Object.keys(catalogue) : Object.keys(on);
  for (const [field, names] of [
    ['on', handled],
    ['types', options.types ?? []],
  ] as const)
    for (const name of names) if (!isEventType(name)) throw invalid(field, `names no event: ${name}`);
  const types = (options.types ?? handled) as readonly EventType[];
  if (types.length === 0) throw invalid('on', 'has no handler');
  return new Set(types.filter((type) => handled.includes(type)));
}

async function shardsOf(reader: LogReader, { jobs, from }: SubscribeOptions): Promise<number[]> {
  const all = await reader.shards();
  if (all.length === 0)
    throw new SpoorError('store_unavailable', 'this NATS server holds no event log of Spoor', {
      hint: 'Check the URL and the account; the engine makes the streams when it first runs.',
    });
  const wanted = jobs ? [...new Set(jobs.map(shardOf))] : all;
  const missing = wanted.find((shard) => !all.includes(shard));
  if (missing !== undefined) throw invalid('jobs', `has a job of shard ${missing}, which does not exist`);
  if (typeof from === 'number' && wanted.length > 1)
    throw invalid('from', 'can be a sequence only where one shard is read');
  return wanted;
}

const invalid = (field: string, problem: string): SpoorError =>
  new SpoorError('invalid_request', `${field} ${problem}`, { field });
