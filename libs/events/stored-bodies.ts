import type { LogEntry } from './event.js';
import { isUnreadable } from './event.js';
import type { BodyRef } from './shared-schemas.js';

/** Everything that an event refers to and that is stored outside the log: response body, screenshot, HAR. */
export function storedBodiesOf(entry: LogEntry): BodyRef[] {
  if (isUnreadable(entry) || entry.type !== 'PageFetched') return [];
  const { body, render } = entry.data;
  return [body, render?.screenshot, render?.har].filter((ref) => ref !== undefined);
}
