import { Option, type Command } from 'commander';
import { isJobId, isUnreadable, type LogEntry } from '#libs/events';
import { replayTables } from '#libs/engine';
import { SpoorError } from '#libs/failures';
import { Frontier, jobAt, JobProof } from '#libs/job';
import { canonicalText, TABLE_NAMES, type TableName } from '#libs/read-models';
import { wholeNumber } from '../crawl-spec.js';
import { EXIT } from '../exit-codes.js';
import type { Finish } from '../finish.js';
import { print, withEngine, withLog } from '../job-command.js';
import { eventsOfFile, eventsOfLog } from '../replay-source.js';
import { say } from '../say.js';
import { writeLine } from '../write-line.js';

/** Folds of the whole job, beside the tables. */
const FOLDS = ['state', 'proof'] as const;
type Projection = TableName | (typeof FOLDS)[number];

interface Options {
  to?: number;
  projection?: Projection;
  against?: 'live';
  output: 'text' | 'jsonl';
}

/** Known beforehand, so that the same history gives the same bytes. */
const HASH_KEY = [0, 0] as const;

/** `spoor replay <file|jobId>`: what the code of today makes of a history. With a file nothing is connected to. */
export function addReplay(program: Command, finish: Finish): void {
  program
    .command('replay')
    .argument('<history>', 'a file of events (spoor job show --output jsonl), or the id of a job')
    .description(
      'run events through the folds and projections of this code, and print the rows; stores nothing',
    )
    .option('--to <seq>', 'up to this event', wholeNumber('--to'))
    .addOption(
      new Option('--projection <name>', 'only this (default: all tables)').choices([
        ...TABLE_NAMES,
        ...FOLDS,
      ]),
    )
    .addOption(new Option('--against <what>', 'show rows that differ from the live ones').choices(['live']))
    .addOption(new Option('--output <format>', 'what is printed').choices(['text', 'jsonl']).default('text'))
    .action(async (history: string, options: Options) => {
      if (options.against === 'live') finish(await against(history, options));
      else if (isJobId(history)) {
        await withLog(async ({ log }) => replay(eventsOfLog(log.eventLog, history), options));
        finish(0);
      } else {
        await replay(eventsOfFile(history), options);
        finish(0);
      }
    });
}

async function replay(source: AsyncIterable<LogEntry>, options: Options): Promise<void> {
  const { to = Infinity, projection } = options;
  if (projection === 'state' || projection === 'proof') return replayFold(source, to, projection);
  const { tables, events } = await replayTables(source, { to });
  for (const { table, row } of tables.rows(projection))
    await writeLine(
      options.output === 'jsonl' ? canonicalText({ table, row }) : `${table} ${canonicalText(row)}`,
    );
  say(`${events} events`);
}

/** One job's: of several in a file the first is meant. */
async function replayFold(
  source: AsyncIterable<LogEntry>,
  to: number,
  projection: (typeof FOLDS)[number],
): Promise<void> {
  let fold: { frontier: Frontier; proof: JobProof } | null = null;
  for await (const entry of source) {
    if (entry.seq > to) break;
    if (entry.jobId === null) continue;
    fold ??= { frontier: new Frontier(entry.jobId, HASH_KEY), proof: new JobProof(entry.jobId, HASH_KEY) };
    if (entry.jobId !== fold.frontier.jobId) continue;
    if (projection === 'proof') fold.proof.apply(entry);
    else if (!isUnreadable(entry)) {
      fold.frontier.apply(entry);
      fold.frontier.takeOpened();
    }
  }
  if (!fold) throw new SpoorError('invalid_request', 'There is no event to replay.', { field: 'history' });
  print(canonicalText(projection === 'proof' ? fold.proof.report() : jobAt(fold.frontier)));
}

async function against(history: string, { to, output }: Options): Promise<number> {
  const { replayAgainstLive } = await import('../replay-against-live.js');
  let differing = 0;
  await withEngine(async (resources) => {
    const found = await replayAgainstLive(resources, history, to);
    differing = found.comparison.differing;
    if (output === 'jsonl') for (const one of found.comparison.differences) print(JSON.stringify(one));
    else found.lines.forEach(print);
  });
  return differing === 0 ? EXIT.done : EXIT.unwell;
}
