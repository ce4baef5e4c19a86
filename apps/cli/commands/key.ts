import { InvalidArgumentError, Option, type Command } from 'commander';
import { isActive, type ApiKey, type Scope, type Tier } from '#libs/accounts';
import { SCOPES, TIERS } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { keysOf, withUsage } from '../accounts.js';
import type { Finish } from '../finish.js';
import { output, print, withEngine, type Output } from '../job-command.js';
import { plain } from '../plain.js';
import { say } from '../say.js';

interface CreateOptions extends Output {
  tier: Tier;
  scopes: Scope[];
  name?: string;
  expires?: string;
  reason?: string;
}

/** `spoor key …`: who may use the API. */
export function addKey(program: Command, finish: Finish): void {
  const key = program.command('key').description('keys of the API').exitOverride();

  key
    .command('create')
    .description('make a key; it is shown once, and only its hash is kept')
    .addOption(new Option('--tier <tier>', 'limits of scrapes').choices(TIERS).default('basic'))
    .option('--scopes <list>', `comma list of ${SCOPES.join(', ')}`, scopesOf, ['scrape'])
    .option('--name <name>', 'to tell it from others')
    .option('--expires <date>', 'last moment, for example 2027-01-31 or 2027-01-31T12:00Z', dateOf)
    .option('--reason <text>', 'stays in the history')
    .addOption(output())
    .action(({ output: format, expires, ...options }: CreateOptions) =>
      withEngine(async (resources) => {
        const made = await (await keysOf(resources)).create({ ...options, expiresAt: expires });
        if (format === 'json') print(JSON.stringify(made));
        else {
          print(made.key);
          say(`key ${made.keyId}, ${options.tier}, may ${options.scopes.join(', ')}; it is not shown again`);
        }
        finish(0);
      }),
    );

  key
    .command('ls')
    .description('all keys with their use')
    .addOption(output())
    .action(({ output: format }: Output) =>
      withEngine(async (resources) => {
        const totals = await withUsage(resources, (usage) => usage.totals());
        const keys = await (await keysOf(resources)).list();
        const rows = keys.map(({ hash: _hash, ...one }) => ({
          ...one,
          active: isActive({ hash: '', ...one }, Date.now()),
          served: totals.get(one.keyId)?.served ?? 0,
          refused: totals.get(one.keyId)?.refused ?? 0,
          lastUsedAt: totals.get(one.keyId)?.lastUsedAt ?? null,
        }));
        if (format === 'json') print(JSON.stringify(rows));
        else rows.forEach((row) => print(lineOf(row)));
        finish(0);
      }),
    );

  key
    .command('revoke')
    .argument('<keyId>')
    .description('end a key for good, at once, everywhere')
    .option('--reason <text>', 'stays in the history')
    .action((keyId: string, { reason }: { reason?: string }) =>
      withEngine(async (resources) => {
        await (await keysOf(resources)).revoke(keyId, reason);
        say(`key ${keyId} is revoked`);
        finish(0);
      }),
    );
}

const lineOf = (row: Omit<ApiKey, 'hash'> & { active: boolean; served: number; refused: number }): string =>
  [
    row.keyId,
    (row.active ? 'active' : row.revokedAt === null ? 'expired' : 'revoked').padEnd(7),
    row.tier.padEnd(7),
    row.scopes.join(',').padEnd(20),
    `${row.served} served, ${row.refused} refused`.padEnd(26),
    plain(row.name ?? ''),
  ].join('  ');

function scopesOf(text: string): Scope[] {
  const names = text.split(',').map((name) => name.trim());
  return names.map((name) => {
    const scope = SCOPES.find((one) => one === name);
    if (scope === undefined)
      throw new InvalidArgumentError(`There is no scope ${name.slice(0, 40)}; scopes: ${SCOPES.join(', ')}.`);
    return scope;
  });
}

function dateOf(text: string): string {
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return new Date(at).toISOString();
  throw new SpoorError(
    'invalid_request',
    `--expires takes a date such as 2027-01-31, not ${text.slice(0, 40)}.`,
    {
      field: '--expires',
    },
  );
}
