import { setTimeout as wait } from 'node:timers/promises';
import { SpoorError } from '#libs/failures';

/** Who only looks asks again; a command waits longer, for its effect has to be known. */
const LOG_PATIENCE_MS = 4000;

/**
 * What a page, or who asks whose job it is, wants of the log first. One that does not answer that answers nothing else.
 * @throws SpoorError store_unavailable; what `asked` throws
 */
export async function soon<T>(asked: Promise<T>, patienceMs = LOG_PATIENCE_MS): Promise<T> {
  asked.catch(() => undefined);
  const ended = new AbortController();
  const late = wait(patienceMs, undefined, { signal: ended.signal }).then(() => {
    throw new SpoorError('store_unavailable', 'The event log does not answer.', {
      hint: 'Ask again in a moment; /system and GET /health tell what is wrong.',
    });
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([asked, late]);
  } finally {
    ended.abort();
  }
}
