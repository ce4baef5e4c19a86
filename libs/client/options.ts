import type { EventData, EventType, LogEntry, StoredEvent } from '#libs/events';
import type { AdapterLogger, LogReader } from '#libs/adapters/jetstream/reading';
import type { Checkpoint, CheckpointStore } from './checkpoint.js';

/** A connection to the log, made by `connect`; whoever made it closes it, after its subscriptions. */
export type Connection = LogReader;

/** What is known of an event beside its data. */
export interface EventMeta {
  type: EventType;
  /** The same at each delivery of this event, now and for ever: what a handler may deduplicate by. */
  id: string;
  jobId: string;
  shard: number;
  /** Position in the shard's stream. */
  seq: number;
  /** Producer's clock, ISO 8601. */
  time: string;
  /** Server's clock when it was stored, ms since the epoch. */
  storedAt: number;
  causationId?: string | undefined;
  traceparent?: string | undefined;
  /** 1, and more when the handler threw before; a new process begins at 1 again. */
  attempt: number;
  /** The checkpoint that holds once this event is handled. */
  checkpoint: Checkpoint;
}

/** One handler for each type that matters, by the names of the catalogue; what has none is not delivered. */
export type HandlerMap = {
  [T in EventType]?: (data: EventData<T>, meta: EventMeta) => void | Promise<void>;
};
/** Or one for all of them. */
export type EventHandler = (event: StoredEvent, meta: EventMeta) => void | Promise<void>;

export type StartPosition = 'start' | 'new' | number | Date;

/** The log is not the one that the checkpoint was taken from. */
export interface Reset {
  shard: number;
  reason: string;
  checkpoint: Checkpoint;
  /** What is there now. */
  head: { stream: string; firstSeq: number; lastSeq: number };
}

export interface SubscribeOptions {
  /** One of `connect`, for several subscriptions together; it is left open. Default: each has one of its own. */
  connection?: Connection;
  /** Default: NATS_URL of the environment, else nats://127.0.0.1:4222. */
  url?: string;
  /** Name of the checkpoint: letters, digits, `_` and `-`. Without it nothing is kept, and each start begins at `from`. */
  durable?: string;
  /**
   * Where a subscription without a checkpoint begins: at the first event there is (default), behind the last one, at a sequence
   * (for subscriptions to one shard), or at the first event stored at a moment or later. A function says it for each shard.
   */
  from?: StartPosition | ((shard: number) => StartPosition);
  /** Only these jobs. */
  jobs?: readonly string[];
  /** Only these types; default those that `on` has handlers for. */
  types?: readonly EventType[];
  on: HandlerMap | EventHandler;
  /** Go on with what comes (default), or end at the end of the history. */
  follow?: boolean;
  /** Ends the subscription as `stop` does. */
  signal?: AbortSignal;
  /** How often a handler is tried (default 5), and the waits in between, doubled from `baseMs` (200) up to `maxMs` (30,000). */
  retry?: { attempts?: number; baseMs?: number; maxMs?: number };
  /**
   * Takes an event whose handler has used up its attempts, or that cannot be read; when it returns, the subscription goes on
   * behind it. Without it the subscription ends with the error, and the next one begins with this event.
   */
  deadLetter?: (entry: LogEntry, error: Error) => void | Promise<void>;
  /**
   * Decides where to go on when the log is not the one that was read. Without it the subscription ends with LogIdentityError:
   * going on silently would skip events, or mix two histories.
   */
  onReset?: (reset: Reset) => 'start' | 'new' | number | Promise<'start' | 'new' | number>;
  /** Called once for each shard when its history has been handled and what follows is live. */
  onLive?: (shard: number) => void;
  /** A checkpoint is written after so many events (100), or after so long (1000 ms), whatever comes first. */
  commitEvery?: { events?: number; ms?: number };
  checkpoints?: CheckpointStore;
  /** Most events that are fetched before they are handled, for each shard (100). */
  buffer?: number;
  logger?: AdapterLogger;
}

export interface ShardPosition {
  shard: number;
  /** Everything up to here has been handled. */
  seq: number;
  /** Up to here by the checkpoint; what lies between comes again after a crash. */
  committed: number | null;
  /** Last event of the shard. */
  head: number;
  /** Events between `seq` and `head`, those that are not asked for among them. */
  lag: number;
  /** The history has been handled at least once up to its end. */
  live: boolean;
}

export interface Counted {
  handled: number;
  /** Handlers that threw and were called again. */
  retried: number;
  deadLettered: number;
  /** Types that this version does not know, by name: events of a newer Spoor, passed over. */
  unknownTypes: Readonly<Record<string, number>>;
}

export interface Report extends Counted {
  shards: ShardPosition[];
}
