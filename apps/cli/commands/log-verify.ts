import type { Command } from 'commander';

import { isError, verifyLog, type LogFinding, type VerifyReport } from '#libs/engine';
import type { Resources } from '#libs/hosting';
import { EXIT } from '../exit-codes.js';
import type { Finish } from '../finish.js';
import { output, print, type Output } from '../job-command.js';
import { command, say } from '../say.js';

/** Findings that a refused backup names. */
const SHOWN = 5;

type WithLog = (work: (resources: Resources) => Promise<void>) => Promise<void>;

/** `spoor log verify`: whether the log is whole, and everything that refers to it fits. */
export function addLogVerify(log: Command, finish: Finish, withLog: WithLog): void {
  log
    .command('verify')
    .description('check every event, the history of every job, what they refer to, and who has read them')
    .option('--deep', 'read every stored body and compare its hash, too')
    .addOption(output())
    .action(({ deep, output: format }: Output & { deep?: boolean }) =>
      withLog(async (resources) => {
        const report = await verify(resources, { deep: deep === true, readers: true });
        if (format === 'json') print(JSON.stringify(report));
        else printReport(report);
        finish(report.findings.some(isError) ? EXIT.unwell : EXIT.done);
      }),
    );
}

function verify(
  resources: Resources,
  { deep, readers }: { deep: boolean; readers: boolean },
): Promise<VerifyReport> {
  const { log, config, hashKey, database, bodies } = resources;
  return verifyLog(
    {
      audit: log.audit,
      eventLog: log.eventLog,
      hashKey,
      bodies: readers ? bodies : null,
      fetchQueue: readers ? log.fetchQueue : null,
      projectionStore: readers ? async () => (await database()).projectionStore : null,
    },
    { shards: config.shards, deep },
  );
}

/** Says so when the log is damaged: a backup of it would be taken for a good one. */
export async function isDamaged(resources: Resources): Promise<boolean> {
  const { findings } = await verify(resources, { deep: false, readers: false });
  const errors = findings.filter(isError);
  if (errors.length === 0) return false;
  errors.slice(0, SHOWN).forEach(printFinding);
  say(`The log is damaged (${errors.length} errors, see ${command('log verify')}); nothing was saved.`);
  say('  With --no-verify it is saved as it is. Keep older backups then.');
  return true;
}

function printReport({ shards, findings }: VerifyReport): void {
  for (const { shard, events, jobs, bodies } of shards)
    say(`shard ${shard}: ${events} events of ${jobs} jobs, which refer to ${bodies} bodies`);
  for (const finding of findings) printFinding(finding);
  const errors = findings.filter(isError).length;
  say(findings.length === 0 ? 'the log is whole' : `${errors} errors, ${findings.length - errors} warnings`);
}

function printFinding({ severity, code, shard, seq, jobId, message, fix }: LogFinding): void {
  const where = [
    `shard ${shard}`,
    ...(seq === undefined ? [] : [`event ${seq}`]),
    ...(jobId ? [`job ${jobId}`] : []),
  ];
  print(`${severity} ${code} (${where.join(', ')}): ${message}`);
  print(`  ${fix}`);
}
