import type { Command } from 'commander';
import {
  catalogue,
  eventLine,
  hostOf,
  isEventType,
  isUnreadable,
  type EventType,
  type LogEntry,
} from '#libs/events';
import { firstSeqAt, lastSeqAt, parseMoment } from '#libs/engine';
import { SpoorError } from '#libs/failures';
import type { Resources } from '#libs/hosting';
import { wholeNumber } from './crawl-spec.js';
import { eventText } from './event-text.js';
import { linesOutput, type LinesOutput } from './job-command.js';

export interface HistoryOptions extends LinesOutput {
  type: EventType[];
  from?: string;
  to?: string;
  follow?: boolean;
  limit?: number;
  host?: string;
}

function eventTypes(text: string, before: EventType[]): EventType[] {
  const types = text.split(',');
  const unknown = types.find((type) => !isEventType(type));
  if (unknown === undefined) return [...before, ...types.filter(isEventType)];
  throw new SpoorError('invalid_request', `--type: there is no event ${JSON.stringify(unknown)}.`, {
    field: '--type',
    hint: `Events: ${Object.keys(catalogue).join(', ')}.`,
  });
}

/** What every command that shows events takes. */
export const withHistoryOptions = (command: Command): Command =>
  command
    .option('--type <type>', 'only these events: FetchFailed,PageSkipped (repeatable)', eventTypes, [])
    .option('--host <host>', 'only facts of pages of this host, or host:port')
    .option('--from <seq|time>', 'the first: a sequence, 2026-01-31T12:00Z, or 10m for ten minutes ago')
    .option('--to <seq|time>', 'the last, likewise')
    .option('--limit <n>', 'events at most', wholeNumber('--limit'))
    .option('--follow', 'go on with what comes, until Ctrl-C')
    .addOption(linesOutput());

/** Whether an event is asked for; what cannot be read is always shown. */
export function wantedBy({ type, host }: HistoryOptions): (entry: LogEntry) => boolean {
  const types = new Set<string>(type);
  return (entry) => {
    if (isUnreadable(entry)) return true;
    if (types.size > 0 && !types.has(entry.type)) return false;
    return host === undefined || ('url' in entry.data && hostOf(entry.data.url) === host);
  };
}

/** The sequences that a person's words mean in a shard. @throws SpoorError invalid_request */
export async function sequencesOf(
  { log, clock }: Resources,
  shard: number,
  { from, to }: Pick<HistoryOptions, 'from' | 'to'>,
): Promise<{ fromSeq?: number; toSeq?: number }> {
  const now = clock.now();
  const { eventLog } = log;
  const first = from === undefined ? undefined : parseMoment(from, '--from', now);
  const last = to === undefined ? undefined : parseMoment(to, '--to', now);
  return {
    ...(first ? { fromSeq: await firstSeqAt(eventLog, shard, first) } : {}),
    ...(last ? { toSeq: await lastSeqAt(eventLog, shard, last) } : {}),
  };
}

export const lineOf = (entry: LogEntry, { output }: LinesOutput, withJob: boolean): string =>
  output === 'jsonl' ? eventLine(entry) : eventText(entry, withJob);
