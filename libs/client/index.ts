export { connect } from './connect.js';
export { subscribe } from './subscribe.js';
export type { Subscription } from './subscription.js';
export type {
  Connection,
  Counted,
  EventHandler,
  EventMeta,
  HandlerMap,
  Report,
  Reset,
  ShardPosition,
  StartPosition,
  SubscribeOptions,
} from './options.js';
export { natsCheckpoints, type Checkpoint, type CheckpointStore } from './checkpoint.js';
export { HandlerFailedError, RetryLaterError, SupersededError, UnreadableEventError } from './errors.js';
export { LogIdentityError } from '#libs/engine/ports';
export { SpoorError } from '#libs/failures';
export { catalogue, type EventData, type EventType, type LogEntry, type StoredEvent } from '#libs/events';
