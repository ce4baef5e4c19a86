import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { ReextractReport } from '#libs/engine';
import { SpoorError } from '#libs/failures';
import type { Resources } from '#libs/hosting';
import { EXIT } from '../../exit-codes.js';
import type { Finish } from '../../finish.js';
import { output, print, printRows, withEngine, type Output } from '../../job-command.js';
import { plain } from '../../plain.js';
import { command, say } from '../../say.js';

interface Options extends Output {
  stages: string;
  dryRun?: boolean;
  reason?: string;
}

/** `spoor job reextract <jobId>`: mends a selector without a request. */
export function addJobReextract(job: Command, finish: Finish): void {
  job
    .command('reextract')
    .argument('<jobId>')
    .description('extract the items anew from the bodies that are kept; nothing is fetched')
    .requiredOption('--stages <file>', 'JSON: stages with other fields, or a job spec that has them')
    .option('--dry-run', 'say what would change, and change nothing')
    .option('--reason <text>', 'why; kept in the history')
    .addOption(output())
    .action((jobId: string, options: Options) =>
      withEngine(async (resources) => finish(await reextract(resources, jobId, options))),
    );
}

async function reextract(resources: Resources, jobId: string, options: Options): Promise<number> {
  const { dryRun = false, reason, output: format } = options;
  const stages = readStages(options.stages);
  let told = Date.now();
  const onProgress = (pages: number): void => {
    if (Date.now() - told < 2000) return;
    told = Date.now();
    say(`${pages} pages`);
  };
  const reextraction = await resources.reextraction();
  const report = await reextraction.run(jobId, { stages, dryRun, reason, onProgress });
  if (format === 'json') print(JSON.stringify(report));
  else printReport(report);
  if (report.unchanged) say('The items come from these rules already; no version was written.');
  else if (dryRun) say('Nothing was changed.');
  return EXIT.done;
}

function readStages(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new SpoorError('invalid_request', `${file} cannot be read as JSON.`, {
      field: '--stages',
      hint: 'Name a file such as {"stages": [{"name": "page", "fields": {"title": {"selector": "h1"}}}]}.',
    });
  }
}

const EXAMPLE_CHARS = 60;
const shown = (value: unknown): string => {
  const text = plain(JSON.stringify(value));
  return text.length > EXAMPLE_CHARS ? `${text.slice(0, EXAMPLE_CHARS)}…` : text;
};

function printReport(report: ReextractReport): void {
  const { jobId, dryRun, version, unchanged, pages, items, fields, examples, withoutBody, unreadable } =
    report;
  const shows = unchanged ? 'stays, nothing changed' : dryRun ? 'would be shown' : 'is shown';
  print(`${jobId}: version ${version} of the items ${shows}`);
  print(`  pages    ${pages.compared} read, ${pages.changed} with other items`);
  print(
    `  items    ${items.before} before, ${items.after} now: ${items.added} added, ${items.changed} changed, ${items.removed} removed`,
  );
  for (const [name, { added, changed, removed, same }] of Object.entries(fields)) {
    print(`  ${plain(name)}: ${added} added, ${changed} changed, ${removed} removed, ${same} the same`);
    for (const { url, index, field, from, to } of examples)
      if (field === name) print(`    ${plain(url)} [${index}]  ${shown(from)} → ${shown(to)}`);
  }
  for (const [why, { pages: count, urls }] of [
    ['without a stored body', withoutBody],
    ['that could not be read', unreadable],
  ] as const) {
    if (count === 0) continue;
    print(`  ${count} pages ${why}, of which this version has nothing:`);
    printRows([['', ...(urls.slice(0, 10).map(plain) as [string]), ...(count > 10 ? ['…'] : [])]]);
    print(`    fetch them again: ${command(`job retry ${jobId} --url <url>`)}`);
  }
}
