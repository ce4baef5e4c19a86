import { EventPattern, RpcException } from '@nestjs/microservices';
import type { EventType } from '#libs/events';

/** Marks a handler of ordered batches among those of single events. */
export const FOLD = 'spoor:fold';
const PREFIX = 'fold:';

/**
 * The method takes `LogBatch` after `LogBatch` (and by `@Ctx()` a `FoldContext`), in order, from where the checkpoint of this name stands.
 * The next one comes when its promise is fulfilled; when it throws, the same one comes again.
 */
export function FoldBatch(name: string) {
  return (target: object, key: string | symbol, descriptor: PropertyDescriptor): void => {
    keepErrors(descriptor);
    EventPattern<string>(`${PREFIX}${name}`, { [FOLD]: name })(target, key, descriptor);
  };
}

/**
 * The method takes every event of this type from now on (and by `@Ctx()` a `FoldContext`), in no particular order, perhaps more than once. Like
 * Nest's EventPattern, but the handler's own error is what is logged and reported.
 */
export function OnEvent(type: EventType) {
  return (target: object, key: string | symbol, descriptor: PropertyDescriptor): void => {
    keepErrors(descriptor);
    EventPattern<string>(type)(target, key, descriptor);
  };
}

/** Nest hides whatever is not an RpcException behind `Internal server error`. */
function keepErrors(descriptor: PropertyDescriptor): void {
  const original: unknown = descriptor.value;
  if (typeof original !== 'function') return;
  descriptor.value = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    try {
      return await Reflect.apply(original, this, args);
    } catch (error) {
      throw error instanceof RpcException ? error : new RpcException(Object(error));
    }
  };
}
