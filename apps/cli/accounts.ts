import type { ApiKey } from '#libs/accounts';
import { createKeyHasher, installationSecret, newId } from '#libs/adapters/system';
import { isLoopback } from '#libs/config';
import { Keys, UsageProjector } from '#libs/engine/accounts';
import type { UsageStore } from '#libs/engine/ports';
import type { Resources } from '#libs/hosting';

export async function keysOf({ config, log, clock }: Resources): Promise<Keys> {
  const given = config.keySecret;
  const secret = installationSecret({ given, home: config.home, mayGenerate: isLoopback(config.host) });
  return new Keys({ log: await log.accounts(), hasher: createKeyHasher(secret), clock, newId });
}

/** What was used, counted up to this moment, also when no API runs that counts. */
export async function withUsage<T>(
  resources: Resources,
  work: (usage: UsageStore) => Promise<T>,
): Promise<T> {
  const { log, clock, logger, databaseUrl } = resources;
  const { openAccounts } = await import('#libs/adapters/postgres');
  const store = await openAccounts(databaseUrl);
  try {
    const usage = async () => store.usage;
    await new UsageProjector({ log: () => log.accounts(), store: usage, clock, logger }).catchUp();
    return await work(store.usage);
  } finally {
    await store.close();
  }
}

export const namesOf = (keys: readonly ApiKey[]): Map<string, string | null> =>
  new Map(keys.map(({ keyId, name }) => [keyId, name]));
