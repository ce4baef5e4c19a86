import type { Command } from 'commander';
import { eventLine, type EventType, type LogEntry } from '#libs/events';
import { parseEventTypes, parseMoment, sequencesBetween, type EventFilter } from '#libs/engine';
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

const eventTypes = (text: string, before: EventType[]): EventType[] => [
  ...before,
  ...parseEventTypes(text, '--type'),
];

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

/** The sequences that a person's words mean in a shard. @throws SpoorError invalid_request */
export async function sequencesOf(
  { log, clock }: Resources,
  shard: number,
  { from, to }: Pick<HistoryOptions, 'from' | 'to'>,
): Promise<{ fromSeq?: number; toSeq?: number }> {
  const now = clock.now();
  return sequencesBetween(log.eventLog, shard, {
    from: from === undefined ? undefined : parseMoment(from, '--from', now),
    to: to === undefined ? undefined : parseMoment(to, '--to', now),
  });
}

export const filterOf = ({ type, host }: HistoryOptions): EventFilter => ({ types: type, host });

export const lineOf = (entry: LogEntry, { output }: LinesOutput, withJob: boolean): string =>
  output === 'jsonl' ? eventLine(entry) : eventText(entry, withJob);
