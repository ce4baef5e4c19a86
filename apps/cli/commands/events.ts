import type { Command } from 'commander';
import { isJobId, shardOf, type LogEntry } from '#libs/events';
import { readHistory, wantedBy, type HistoryRange, type ReadEvents } from '#libs/engine';
import { SpoorError } from '#libs/failures';
import { untilSignal, type Resources } from '#libs/hosting';
import type { Finish } from '../finish.js';
import {
  filterOf,
  lineOf,
  sequencesOf,
  withHistoryOptions,
  type HistoryOptions,
} from '../history-options.js';
import { withLog } from '../job-command.js';
import { asTheyCome, inOrder } from '../merge.js';
import { writeLine } from '../write-line.js';

interface Options extends HistoryOptions {
  job?: string;
}

/** Events that are shown when nothing says from where. */
const LAST = 20;

/** `spoor events …`: the log of all jobs. */
export function addEvents(program: Command, finish: Finish): void {
  const events = program.command('events').description('look at the log of all jobs').exitOverride();
  withHistoryOptions(events.command('tail'))
    .description(
      `the last ${LAST} events, or those from --from on; --limit n --follow: the last n, and what comes`,
    )
    .option('--job <jobId>', 'only events of this job')
    .action((options: Options) =>
      withLog(async (resources) => {
        await tail(resources, options);
        finish(0);
      }),
    );
}

interface Part {
  read: ReadEvents;
  lastSeq: number;
  /** What the log holds already, and what comes. */
  past: AsyncIterable<LogEntry>;
  range: HistoryRange;
}

async function tail(resources: Resources, options: Options): Promise<void> {
  const { follow, from, limit = Infinity } = options;
  const ended = new AbortController();
  if (follow) void untilSignal().then(() => ended.abort());
  const shards = shardsOf(resources, options);
  const parts = await Promise.all(shards.map((shard) => part(resources, shard, options, ended.signal)));
  // Of the last few of them, as `tail -n -f` has it; of those from a place on, in all.
  const ofPast = from === undefined;
  let left = limit;
  const show = async (source: AsyncIterable<LogEntry>): Promise<void> => {
    for await (const entry of source) {
      if (left-- <= 0) return;
      await writeLine(lineOf(entry, options, true));
      if (left <= 0) return;
    }
  };
  await show(inOrder(await pastOf(parts, options), byTime));
  if (follow && ofPast) left = Infinity;
  if (!follow || left <= 0) return;
  await show(
    asTheyCome(
      parts.map(({ read, lastSeq, range }) =>
        readHistory(
          read,
          { firstSeq: 1, lastSeq },
          { ...range, fromSeq: Math.max(lastSeq + 1, range.fromSeq ?? 1), follow },
        ),
      ),
    ),
  );
  ended.abort();
}

const byTime = (a: LogEntry, b: LogEntry): number => a.storedAt - b.storedAt;

function shardsOf({ config }: Resources, { job }: Options): number[] {
  if (job === undefined) return Array.from({ length: config.shards }, (_, shard) => shard);
  if (isJobId(job) && shardOf(job) < config.shards) return [shardOf(job)];
  throw new SpoorError('job_not_found', `There is no job ${job}.`, { field: '--job' });
}

async function part(
  resources: Resources,
  shard: number,
  options: Options,
  signal: AbortSignal,
): Promise<Part> {
  const { eventLog } = resources.log;
  const { job, output } = options;
  const read: ReadEvents = (wanted) =>
    job === undefined ? eventLog.readShard(shard, wanted) : eventLog.readJob(job, wanted);
  const head = await eventLog.head(shard);
  const sequences = await sequencesOf(resources, shard, options);
  const range = { ...sequences, wants: wantedBy(filterOf(options)), bulk: output === 'jsonl', signal };
  const toSeq = Math.min(range.toSeq ?? head.lastSeq, head.lastSeq);
  const isLast = options.from === undefined;
  const last = { reverse: isLast, ...(isLast ? { limit: options.limit ?? LAST } : {}) };
  return { read, lastSeq: head.lastSeq, range, past: readHistory(read, head, { ...range, toSeq, ...last }) };
}

/** Without a beginning, the last few of all shards together, the oldest of them first. */
async function pastOf(parts: Part[], { from, limit = LAST }: Options): Promise<AsyncIterable<LogEntry>[]> {
  if (from !== undefined) return parts.map(({ past }) => past);
  const newest: LogEntry[] = [];
  for (const { past } of parts) for await (const entry of past) newest.push(entry);
  const last = newest.sort((a, b) => byTime(a, b) || a.seq - b.seq).slice(-limit);
  return [
    (async function* () {
      yield* last;
    })(),
  ];
}
