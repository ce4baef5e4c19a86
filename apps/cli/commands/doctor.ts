import type { Command } from 'commander';
import { loadConfig, type EngineConfig } from '#libs/config';
import { finding, type Finding, type HealthReport } from '#libs/engine/health';
import { SpoorError } from '#libs/failures';
import { openResources, watchHealth } from '#libs/hosting';
import { EXIT } from '../exit-codes.js';
import type { Finish } from '../finish.js';
import { output, print, type Output } from '../job-command.js';
import { command as typed, say } from '../say.js';

/** A stall shows only when nothing moves between two looks; a coordinator tries for a free lease well within this. */
const SECOND_LOOK_MS = 6000;
const PATIENCE_MS = 15_000;

/** `spoor doctor`: what is wrong, and the command that mends it. */
export function addDoctor(program: Command, finish: Finish): void {
  program
    .command('doctor')
    .description('say what is wrong with the engine and what mends it; exit code 5 when something is')
    .addOption(output())
    .action(async ({ output: format }: Output) => {
      const report = await examine({
        ...loadConfig(),
        ...(process.env.SPOOR_LOG_LEVEL ? {} : { logLevel: 'silent' as const }),
      });
      if (format === 'json') print(JSON.stringify(report));
      else tell(report);
      finish(report.findings.length === 0 ? EXIT.done : EXIT.unwell);
    });
}

type Diagnosis = Pick<HealthReport, 'status' | 'findings'> & Partial<HealthReport>;

async function examine(config: EngineConfig): Promise<Diagnosis> {
  let resources;
  try {
    resources = await openResources(config, { name: 'doctor' });
  } catch (error) {
    const found = findingOf(error);
    if (found) return { status: 'unavailable', findings: [found] };
    throw error;
  }
  try {
    const watch = watchHealth(resources, {
      ...{ stalledAfterMs: SECOND_LOOK_MS, leaderlessAfterMs: SECOND_LOOK_MS },
      workerlessAfterMs: SECOND_LOOK_MS,
      // Nobody's probe waits, and the first look has to connect first.
      patienceMs: PATIENCE_MS,
    });
    const first = await watch.look();
    if (!watch.isSuspicious) return first;
    await resources.clock.sleep(SECOND_LOOK_MS);
    return await watch.look();
  } finally {
    await resources.close();
  }
}

/** Why nothing could be looked at, as a finding; null for what is no matter of health. */
function findingOf(error: unknown): Finding | null {
  if (!(error instanceof SpoorError) || error.code !== 'store_unavailable') return null;
  const { message, hint } = error;
  const code = error.details.field === 'SPOOR_HOME' ? 'disk_full' : 'nats_unavailable';
  return { ...finding(code, `${message.replace(/\.$/, '')}.`), hint };
}

function tell({ findings, shards = [] }: Diagnosis): void {
  for (const { shard, lastSeq, projected } of shards)
    print(`shard ${shard}: ${lastSeq ?? '?'} events in the log, read models at ${projected ?? '?'}`);
  if (findings.length === 0) print('nothing is wrong');
  for (const { code, severity, message, hint, command, jobs } of findings) {
    print(`${severity === 'failing' ? 'FAILING' : 'warning'}  ${code}: ${message}`);
    print(`         ${hint}`);
    if (jobs) print(`         jobs: ${jobs.join(', ')}`);
    if (command) print(`         $ ${command.replace(/^spoor (.*)$/, (_, words: string) => typed(words))}`);
  }
  if (findings.length > 0) say('what each finding means: docs/how-to/operate.md');
}
