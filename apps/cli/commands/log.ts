import { join } from 'node:path';
import type { Command } from 'commander';
import { BackupFolder } from '#libs/adapters/backup-folder';
import { createFileBodies } from '#libs/adapters/bodies';
import { loadConfig } from '#libs/config';
import { backupLog, restoreLog } from '#libs/engine';
import type { BodyArchive } from '#libs/engine/ports';
import { openResources, type ResourceOptions, type Resources } from '#libs/hosting';
import { EXIT } from '../exit-codes.js';
import type { Finish } from '../finish.js';
import { output, print, type Output } from '../job-command.js';
import { command, say } from '../say.js';
import { addLogVerify, isDamaged } from './log-verify.js';

interface BackupOptions extends Output {
  bodies?: boolean;
  verify: boolean;
}
interface RestoreOptions extends Output {
  replace?: boolean;
  keep: boolean;
}

const bodiesIn = (dir: string): BodyArchive => createFileBodies({ dir, sync: true });
const ONLY_LOG = { only: 'log' } as const;
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Quiet unless SPOOR_LOG_LEVEL says otherwise. */
async function withLog(
  work: (resources: Resources) => Promise<void>,
  options: Omit<ResourceOptions, 'name'> = {},
): Promise<void> {
  const config = loadConfig();
  const quiet = process.env.SPOOR_LOG_LEVEL ? config : { ...config, logLevel: 'error' as const };
  const resources = await openResources(quiet, { name: 'log', ...options });
  try {
    await work(resources);
  } finally {
    await resources.close();
  }
}

/** `spoor log …`: the event log as a whole. */
export function addLog(program: Command, finish: Finish): void {
  const log = program.command('log').description('save, restore and check the event log').exitOverride();

  log
    .command('backup')
    .argument('<folder>', 'a new folder')
    .description('save the log of all shards, while the engine runs or not')
    .option('--bodies', 'save the stored response bodies, too')
    .option('--no-verify', 'do not check the log first')
    .addOption(output())
    .action((folder: string, options: BackupOptions) =>
      withLog(async (resources) => {
        if (options.verify && (await isDamaged(resources))) return finish(EXIT.unwell);
        await backup(resources, folder, options);
      }, ONLY_LOG),
    );

  log
    .command('restore')
    .argument('<folder>', 'a backup')
    .description('put a backup in the place of the log; no engine may run')
    .option('--replace', 'also when the log is not empty; what is there is saved first')
    .option('--no-keep', 'do not save what is replaced')
    .addOption(output())
    .action((folder: string, options: RestoreOptions) =>
      withLog((resources) => restore(resources, folder, options), { ...ONLY_LOG, evenHalfRestored: true }),
    );

  addLogVerify(log, finish, withLog);
}

async function backup(resources: Resources, folder: string, options: Partial<BackupOptions>): Promise<void> {
  const { log, clock, config } = resources;
  const store = new BackupFolder(folder, bodiesIn);
  const bodies = options.bodies ? resources.bodies : undefined;
  const manifest = await backupLog(
    { archive: log.archive, store, clock, bodies },
    config.shards,
    (stream, messages) => say(`saving ${stream}: ${messages} messages`),
  );
  const bytes = manifest.streams.reduce((sum, stream) => sum + stream.bytes, manifest.bodies?.bytes ?? 0);
  if (options.output === 'json') print(JSON.stringify({ folder: store.name, bytes, ...manifest }));
  else say(`saved ${mebibytes(bytes)} in ${store.name}`);
}

async function restore(resources: Resources, folder: string, options: RestoreOptions): Promise<void> {
  const { log, config, clock, holder } = resources;
  const store = new BackupFolder(folder, bodiesIn);
  const at = new Date(clock.now()).toISOString();
  const replaced = join(config.home, 'replaced', at.replaceAll(':', '-'));
  const keep = async (): Promise<void> => {
    say(`saving what is replaced in ${replaced}`);
    await backup(resources, replaced, {});
  };
  const manifest = await restoreLog(
    { archive: log.archive, store, lease: log.lease, bodies: resources.bodies },
    {
      shards: config.shards,
      mark: `${at}/${holder.split('/')[1]}`,
      replace: options.replace === true,
      keep: options.keep ? keep : null,
      onStream: (stream, messages) => say(`restoring ${stream}: ${messages} messages`),
    },
  );
  if (options.output === 'json') print(JSON.stringify({ folder: store.name, createdAt: manifest.createdAt }));
  else say(`the log is as it was at ${manifest.createdAt}; ${command('up')} goes on from there`);
}
