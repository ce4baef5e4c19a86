import { statSync } from 'node:fs';
import type { Command } from 'commander';
import type { WarcReport } from '#libs/engine';
import type { Resources } from '#libs/hosting';
import { EXIT } from '../../exit-codes.js';
import type { Finish } from '../../finish.js';
import { output, print, withLog, type Output } from '../../job-command.js';
import { plain } from '../../plain.js';
import { command, say } from '../../say.js';
import { WholeFile } from '../../whole-file.js';

interface Options extends Output {
  out?: string;
}

const SHOWN = 10;

/** `spoor job warc <jobId>`: what the job received, for the tools of web archives. */
export function addJobWarc(job: Command, finish: Finish): void {
  job
    .command('warc')
    .argument('<jobId>')
    .description('write the responses whose bodies are kept as a WARC/1.1 file; no database is asked')
    .option('--out <file>', 'where to (default <jobId>.warc.gz)')
    .addOption(output())
    .action((jobId: string, options: Options) =>
      withLog(async (resources) => {
        const file = new WholeFile(options.out ?? `${jobId}.warc.gz`, 'WARC file');
        const report = await write(resources, jobId, file);
        if (options.output === 'json') print(JSON.stringify({ ...report, file: file.path }));
        else printReport(report, file.path);
        finish(EXIT.done);
      }),
    );
}

async function write(resources: Resources, jobId: string, file: WholeFile): Promise<WarcReport> {
  file.check();
  const exportWarc = await resources.exportWarc();
  let told = Date.now();
  const onProgress = (pages: number): void => {
    if (Date.now() - told < 2000) return;
    told = Date.now();
    say(`${pages} pages`);
  };
  return file.fill((write) => exportWarc(jobId, { write, onProgress }));
}

function printReport(
  { jobId, responses, redirects, truncated, withoutBody }: WarcReport,
  path: string,
): void {
  print(`${jobId}: ${responses} responses and ${redirects} redirects in ${path}`);
  print(`  ${statSync(path).size} bytes${truncated > 0 ? `; ${truncated} responses are cut` : ''}`);
  const { pages, urls } = withoutBody;
  if (pages === 0) return;
  print(`  ${pages} pages without a stored body are not in it:`);
  for (const url of urls.slice(0, SHOWN)) print(`    ${plain(url)}`);
  if (pages > SHOWN) print('    …');
  say(`fetch them again: ${command(`job retry ${jobId} --url <url>`)}`);
}
