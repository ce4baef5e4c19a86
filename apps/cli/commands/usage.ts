import { Option, type Command } from 'commander';
import { sumByCaller, type UsageDelta } from '#libs/accounts';
import { parseMoment } from '#libs/engine';
import { SpoorError } from '#libs/failures';
import { keysOf, namesOf, withUsage } from '../accounts.js';
import type { Finish } from '../finish.js';
import { print, withEngine } from '../job-command.js';
import { plain } from '../plain.js';

interface UsageOptions {
  from?: string;
  to?: string;
  by: 'caller' | 'hour';
  output: 'text' | 'json' | 'jsonl';
}

type Row = Omit<UsageDelta, 'hour'> & { hour?: string; name: string | null };

/** `spoor usage`: what callers of the scrape endpoint used, which is what a bill is written from. */
export function addUsage(program: Command, finish: Finish): void {
  program
    .command('usage')
    .argument('[caller]', 'id of a key, or a wallet; default: all')
    .description('what callers of the scrape endpoint have used')
    .option(
      '--from <time>',
      'from the hour of this moment on: 2027-01-31, 2027-01-31T12:00Z, or 30d for thirty days ago',
    )
    .option('--to <time>', 'hours that begin before it')
    .addOption(new Option('--by <what>', 'one row for each').choices(['caller', 'hour']).default('caller'))
    .addOption(
      new Option('--output <format>', 'what is printed').choices(['text', 'json', 'jsonl']).default('text'),
    )
    .action((caller: string | undefined, { from, to, by, output }: UsageOptions) => {
      const filter = { caller, from: timeOf('--from', from), to: timeOf('--to', to) };
      return withEngine(async (resources) => {
        const hours = await withUsage(resources, (usage) => usage.hours(filter));
        const names = namesOf(await (await keysOf(resources)).list());
        const found = by === 'hour' ? hours : sumByCaller(hours);
        const rows: Row[] = found.map((row) => ({ ...row, name: names.get(row.caller) ?? null }));
        if (output === 'json') print(JSON.stringify(rows));
        else rows.forEach((row) => print(output === 'jsonl' ? JSON.stringify(row) : lineOf(row)));
        finish(0);
      });
    });
}

const lineOf = ({ caller, hour, served, refused, bytes, watt, name }: Row): string =>
  [
    ...(hour === undefined ? [] : [hour]),
    caller.padEnd(16),
    `${served} served`.padEnd(14),
    `${refused} refused`.padEnd(14),
    `${bytes} bytes`.padEnd(18),
    `${watt} WATT`.padEnd(12),
    plain(name ?? ''),
  ]
    .join('  ')
    .trimEnd();

function timeOf(field: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    const moment = parseMoment(text, field, Date.now());
    if ('time' in moment) return new Date(moment.time).toISOString();
  } catch (error) {
    if (!(error instanceof SpoorError)) throw error;
  }
  throw new SpoorError(
    'invalid_request',
    `${field}: must be a time, not ${JSON.stringify(text.slice(0, 40))}`,
    {
      field,
      hint: 'For example 2027-01-31, 2027-01-31T12:00Z, or 30d for thirty days ago.',
    },
  );
}
