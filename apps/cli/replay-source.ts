import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseEventLine, type LogEntry } from '#libs/events';
import type { EventLog } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';

/**
 * Events of a file that `spoor job show --output jsonl` (or `events tail`, or the API as NDJSON) wrote. Opens nothing but the file.
 * @throws SpoorError invalid_request with the line
 */
export async function* eventsOfFile(file: string): AsyncGenerator<LogEntry, void, undefined> {
  const wrong = (message: string, hint: string): SpoorError =>
    new SpoorError('invalid_request', message, { field: 'history', hint });
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity });
  let number = 0;
  let last = 0;
  try {
    for await (const line of lines) {
      number++;
      if (line.trim() === '') continue;
      const parsed = parseEventLine(line);
      const hint = 'Write one with: spoor job show <jobId> --output jsonl > job.jsonl';
      if ('reason' in parsed) throw wrong(`${file}, line ${number}: ${parsed.reason}`, hint);
      if (parsed.entry.seq <= last)
        throw wrong(
          `${file}, line ${number}: sequence ${parsed.entry.seq} comes after ${last}`,
          'Events must be in the order of the log, of one shard.',
        );
      last = parsed.entry.seq;
      yield parsed.entry;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined || error instanceof SpoorError) throw error;
    throw wrong(`The file ${file} cannot be read.`, 'Name a file of events, or the id of a job.');
  }
}

/** A job's events of the log. @throws SpoorError job_not_found */
export async function* eventsOfLog(
  eventLog: Pick<EventLog, 'readJob'>,
  jobId: string,
): AsyncGenerator<LogEntry, void, undefined> {
  let none = true;
  for await (const { entries } of eventLog.readJob(jobId)) {
    if (entries.length > 0) none = false;
    yield* entries;
  }
  if (none) throw new SpoorError('job_not_found', `There is no job ${jobId}.`, { field: 'history' });
}
