import type { StreamConfig } from '@nats-io/jetstream';
import { subjects } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { ApiError, toSpoorError } from './errors.js';
import type { LogConnection } from './connection.js';

/** How long the server remembers message ids, ns. */
export const DEDUPE_MS = 120_000;

export interface StreamInfo {
  created: string;
  config: StreamConfig;
  state: {
    first_seq: number;
    last_seq: number;
    bytes: number;
    messages: number;
    /** Only where they were asked for. */
    subjects?: Record<string, number>;
  };
}

const common = {
  storage: 'file',
  discard: 'new',
  allow_direct: true,
  duplicate_window: DEDUPE_MS * 1e6,
  deny_delete: true,
  deny_purge: false,
};

function wanted(shard: number, replicas: number): Record<string, unknown>[] {
  return [
    {
      ...common,
      name: subjects.eventStream(shard),
      subjects: [subjects.allEvents(shard)],
      retention: 'limits',
      num_replicas: replicas,
    },
    {
      ...common,
      name: subjects.fetchStream(shard),
      subjects: [subjects.allFetches(shard)],
      retention: 'workqueue',
      deny_delete: false,
      num_replicas: replicas,
    },
    {
      ...common,
      name: subjects.blobStream(shard),
      subjects: [subjects.allBlobs(shard)],
      retention: 'limits',
      // A chunk stored again replaces itself: its subject names its content.
      max_msgs_per_subject: 1,
      num_replicas: replicas,
    },
  ];
}

/** One for all shards: keys and payments are few, and a caller's use is counted as a whole. */
const accounts = (replicas: number): Record<string, unknown> => ({
  ...common,
  name: subjects.ACCOUNT_STREAM,
  subjects: [subjects.allAccounts],
  retention: 'limits',
  num_replicas: replicas,
});

/** @throws ApiError, SpoorError store_unavailable */
/** @param subjectsOf a filter: messages are counted for each of its subjects */
export const streamInfo = (
  connection: LogConnection,
  stream: string,
  subjectsOf?: string,
): Promise<StreamInfo> =>
  connection.requests.json<StreamInfo>(
    `$JS.API.STREAM.INFO.${stream}`,
    subjectsOf === undefined ? undefined : { subjects_filter: subjectsOf },
  );

/** In a stream's metadata: which restore it comes from. Some servers restore the time of creation, too. */
export const RESTORED = 'spoor-restored';

/** A stream that was made anew, or restored, has another identity, even under its old name. */
export function identityOf(
  stream: string,
  { created, config }: Pick<StreamInfo, 'created' | 'config'>,
): string {
  const mark = config.metadata?.[RESTORED];
  return mark === undefined ? `${stream}@${created}` : `${stream}@${created}+${mark}`;
}

/**
 * Makes the streams of a shard, or checks those that exist: what could lose a message is refused, everything else is the
 * operator's choice and left alone.
 *
 * @throws SpoorError store_unavailable that names stream and setting.
 */
export async function ensureStreams(
  connection: LogConnection,
  shard: number,
  replicas: number,
): Promise<void> {
  for (const config of wanted(shard, replicas)) await ensureStream(connection, config);
}

/** The same for the stream of the accounts. */
export const ensureAccountStream = (connection: LogConnection, replicas: number): Promise<void> =>
  ensureStream(connection, accounts(replicas));

async function ensureStream(connection: LogConnection, config: Record<string, unknown>): Promise<void> {
  const name = String(config.name);
  try {
    const info = await streamInfo(connection, name);
    checkStream(name, info.config, config);
  } catch (error) {
    if (!(error instanceof ApiError) || !error.isStreamMissing) throw toSpoorError(error);
    await createStream(connection, name, config);
  }
}

async function createStream(
  connection: LogConnection,
  name: string,
  config: Record<string, unknown>,
): Promise<void> {
  try {
    await connection.requests.json(`$JS.API.STREAM.CREATE.${name}`, config);
  } catch (error) {
    // Another process made it in between, perhaps with other settings: 10058.
    if (!(error instanceof ApiError)) throw error;
    if (error.errCode === 10058)
      return checkStream(name, (await streamInfo(connection, name)).config, config);
    if (error.errCode === 10065)
      throw refused(name, 'subjects', 'held by another stream', String(config.subjects));
    throw new SpoorError(
      error.isFull ? 'log_full' : 'store_unavailable',
      `stream ${name} could not be created (NATS error ${error.errCode})`,
      { hint: "Check JetStream's limits (storage, streams, replicas) of this account." },
      { cause: error },
    );
  }
}

function checkStream(name: string, found: StreamConfig, want: Record<string, unknown>): void {
  const must = ['retention', 'storage', 'discard'] as const;
  for (const setting of must)
    if (found[setting] !== want[setting]) throw refused(name, setting, found[setting], String(want[setting]));
  const covers = found.subjects?.join(',');
  if (covers !== String(want.subjects)) throw refused(name, 'subjects', covers ?? '', String(want.subjects));
  const perSubject = found.max_msgs_per_subject ?? -1;
  if (want.max_msgs_per_subject === undefined && perSubject > 0)
    throw refused(name, 'max_msgs_per_subject', perSubject, 'none');
  if (found.max_age > 0) throw refused(name, 'max_age', `${found.max_age / 1e9} s`, 'none');
  if (found.sealed) throw refused(name, 'sealed', true, 'false');
  // Repeating a publish must end well inside this window.
  if (found.duplicate_window < DEDUPE_MS * 1e6)
    throw refused(name, 'duplicate_window', `${found.duplicate_window / 1e9} s`, '120 s or more');
}

function refused(stream: string, setting: string, found: unknown, needed: string): SpoorError {
  return new SpoorError(
    'store_unavailable',
    `stream ${stream} has ${setting} ${String(found)}, but ${needed} is needed`,
    { hint: `Change ${setting} of ${stream}, or use another NATS account for Spoor.` },
  );
}
