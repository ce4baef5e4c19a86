import { Logger } from '@nestjs/common';
import {
  BaseRpcContext,
  Server,
  type CustomTransportStrategy,
  type MessageHandler,
} from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { isEventType, type EventType, type StoredEvent } from '#libs/events';
import type { EventLog } from '#libs/engine/ports';
import { BroadcastRunner } from './broadcast-runner.js';
import { FOLD } from './decorators.js';
import { FoldRunner, type FoldStatus } from './fold-runner.js';
import { errorText, type TransportLogger } from './support.js';

export interface StrategyOptions {
  eventLog: EventLog;
  /** Shards that this process reads. */
  shards: readonly number[];
  /** By the name in `@FoldBatch`: next sequence wanted of a shard (1: from the beginning). */
  checkpoints?: Readonly<Record<string, (shard: number) => Promise<number>>>;
  /** Calls of an event handler for one event before it is given up (default 5). */
  attempts?: number;
  /** Told of each event that a handler could not take; by default it is logged as an error. */
  onGiveUp?: (event: StoredEvent, error: unknown) => void;
  /** Most entries in a batch of a fold. */
  maxBatch?: number;
  /** At most one batch for a fold in so many ms, unless it is full sooner. */
  everyMs?: number;
  /** Whether folds see lists that travel as blobs (default true). */
  bulk?: boolean;
  logger?: TransportLogger;
}

/** Second argument of every handler. */
export class FoldContext extends BaseRpcContext<[number]> {
  get shard(): number {
    return this.args[0];
  }
}

/** The event log as a transport of Nest: ordered batches for folds, single events for those who only listen. */
export class JetStreamStrategy extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol('spoor-event-log');
  /** Errors come back to this class, which logs them itself. */
  override readonly propagatesEventHandlerErrors = true;
  private folds: FoldRunner[] = [];
  private broadcasts: BroadcastRunner[] = [];
  private readonly log: TransportLogger;

  constructor(private readonly options: StrategyOptions) {
    super();
    this.log = options.logger ?? new Logger('EventLog');
  }

  /** Where each fold stands, for health and metrics. */
  foldStatus(): FoldStatus[] {
    return this.folds.map((fold) => ({ ...fold.status }));
  }

  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      const types = this.plan();
      if (types.size > 0) await this.startBroadcasts(types);
      for (const fold of this.folds) fold.start();
      callback();
    } catch (error) {
      callback(error);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.folds, ...this.broadcasts].map((runner) => runner.stop()));
  }

  on(): never {
    throw new Error('the event log has no events of its own to listen to');
  }

  unwrap<T = EventLog>(): T {
    return this.options.eventLog as T;
  }

  /** Makes the runners; refuses handlers that could never be called. */
  private plan(): Set<EventType> {
    const types = new Set<EventType>();
    for (const [pattern, handler] of this.messageHandlers) {
      const fold: unknown = handler.extras?.[FOLD];
      if (!handler.isEventHandler) throw new Error(`the event log answers no messages: ${pattern}`);
      if (typeof fold === 'string') this.planFold(fold, handler);
      else if (isEventType(pattern)) types.add(pattern);
      else throw new Error(`there is no event ${pattern} in the catalogue`);
    }
    return types;
  }

  private planFold(name: string, handler: MessageHandler): void {
    const { eventLog, shards, maxBatch, everyMs, bulk, checkpoints } = this.options;
    const checkpoint = checkpoints?.[name];
    if (!checkpoint) throw new Error(`fold ${name} has no checkpoint`);
    if (handler.next) throw new Error(`fold ${name} has two handlers; batches need one`);
    const handle = (batch: unknown, shard: number): Promise<void> => call(handler, batch, shard);
    for (const shard of shards)
      this.folds.push(
        new FoldRunner({
          ...{ eventLog, name, shard, checkpoint, handle, logger: this.log },
          ...{ maxBatch, everyMs, bulk },
        }),
      );
  }

  private async startBroadcasts(types: ReadonlySet<EventType>): Promise<void> {
    const { eventLog, shards, attempts = 5 } = this.options;
    const onGiveUp =
      this.options.onGiveUp ??
      ((event, error) => this.log.error(`${event.type} at ${event.seq} was given up: ${errorText(error)}`));
    const handle = async (event: StoredEvent, shard: number): Promise<void> => {
      const handler = this.messageHandlers.get(event.type);
      if (handler) await call(handler, event, shard);
    };
    this.broadcasts = shards.map(
      (shard) =>
        new BroadcastRunner({ eventLog, shard, types, handle, attempts, onGiveUp, logger: this.log }),
    );
    await Promise.all(this.broadcasts.map((runner) => runner.start()));
  }
}

/** Handlers may answer with a promise, an observable, or a promise of one. */
async function call(handler: MessageHandler, data: unknown, shard: number): Promise<void> {
  const result: unknown = await handler(data, new FoldContext([shard]));
  if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
}
