import type { Command } from 'commander';
import { parseMoment, type JobDiff } from '#libs/engine';
import type { Finish } from '../../finish.js';
import { output, print, printRows, withLog, type Output } from '../../job-command.js';
import { plain } from '../../plain.js';

interface Options extends Output {
  from: string;
  to?: string;
}

const SHOWN = 5;

/** `spoor job diff <jobId> --from … --to …`: what happened between two moments. */
export function addJobDiff(job: Command, finish: Finish): void {
  job
    .command('diff')
    .argument('<jobId>')
    .description('what changed between two moments of a job; no database is asked')
    .requiredOption('--from <seq|time>', 'a sequence, 2026-01-31T12:00Z, or 10m for ten minutes ago')
    .option('--to <seq|time>', 'likewise (default now)')
    .addOption(output())
    .action((jobId: string, { from, to, output: format }: Options) =>
      withLog(async ({ histories, clock }) => {
        const now = clock.now();
        const last = to === undefined ? null : parseMoment(to, '--to', now);
        const diff = await histories.diff(jobId, parseMoment(from, '--from', now), last);
        if (format === 'json') print(JSON.stringify(diff));
        else printDiff(diff);
        finish(0);
      }),
    );
}

const shown = (value: unknown): string => (value === null ? '–' : plain(JSON.stringify(value)));

function printDiff({ jobId, from, to, changes, pages, events }: JobDiff): void {
  const before = from.storedAt === null ? 'before it began' : `event ${from.seq} of ${from.storedAt}`;
  print(`${jobId}: ${before} → event ${to.seq} of ${to.storedAt}`);
  const rows: [string, ...string[]][] = [];
  const kinds = Object.entries(events).map(([type, n]) => `${n} ${type}`);
  rows.push(['events', kinds.length > 0 ? kinds.join(', ') : 'none']);
  if (changes.length > 0)
    rows.push([
      'changed',
      ...changes.map(({ field, from: before, to: after }) => `${field}: ${shown(before)} → ${shown(after)}`),
    ] as [string, ...string[]]);
  for (const [kind, { count, pages: list }] of Object.entries(pages)) {
    if (count === 0) continue;
    const lines = list.slice(0, SHOWN).map(({ seq, url }) => `${String(seq).padStart(6)}  ${plain(url)}`);
    if (count > lines.length) lines.push(`… and ${count - lines.length} more`);
    rows.push([kind, ...lines] as [string, ...string[]]);
  }
  printRows(rows);
}
