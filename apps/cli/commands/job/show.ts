import type { Command } from 'commander';
import { shardOf } from '#libs/events';
import { eventsOfJob, readHistory, wantedBy } from '#libs/engine';
import { SpoorError } from '#libs/failures';
import { untilSignal, type Resources } from '#libs/hosting';
import type { Finish } from '../../finish.js';
import {
  filterOf,
  lineOf,
  sequencesOf,
  withHistoryOptions,
  type HistoryOptions,
} from '../../history-options.js';
import { withLog } from '../../job-command.js';
import { writeLine } from '../../write-line.js';

interface Options extends HistoryOptions {
  reverse?: boolean;
}

/** `spoor job show <jobId>`: the history; as JSON lines it is complete, so `spoor replay` can read it. */
export function addJobShow(job: Command, finish: Finish): void {
  withHistoryOptions(job.command('show').argument('<jobId>'))
    .description('the history of a job, event by event; --output jsonl is what spoor replay reads')
    .option('--reverse', 'the last event first')
    .action((jobId: string, options: Options) =>
      withLog(async (resources) => {
        await show(resources, jobId, options);
        finish(0);
      }),
    );
}

async function show(resources: Resources, jobId: string, options: Options): Promise<void> {
  const { reverse, follow, limit, output } = options;
  if (reverse && follow)
    throw new SpoorError('invalid_request', '--reverse and --follow exclude each other.', {
      field: '--follow',
      hint: 'What is to come has no end to begin with.',
    });
  const { log, jobs } = resources;
  if (!(await jobs.state(jobId)))
    throw new SpoorError('job_not_found', `There is no job ${jobId}.`, { field: 'jobId' });
  const shard = shardOf(jobId);
  const ended = new AbortController();
  if (follow) void untilSignal().then(() => ended.abort());
  const events = readHistory(
    eventsOfJob(log.eventLog, jobId, filterOf(options)),
    await log.eventLog.head(shard),
    {
      ...(await sequencesOf(resources, shard, options)),
      ...{
        reverse,
        follow,
        limit,
        wants: wantedBy(filterOf(options)),
        bulk: output === 'jsonl',
        signal: ended.signal,
      },
    },
  );
  for await (const entry of events) await writeLine(lineOf(entry, options, false));
}
