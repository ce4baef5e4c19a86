import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { wrong } from './problems.js';

/** A small file that is read again whenever it has changed, so that each look costs one stat. */
class Watched<T> {
  private stamp = '';
  private value: T | undefined;

  constructor(
    private readonly file: string,
    private readonly parse: (text: string, mode: number) => T,
  ) {}

  get(): T | undefined {
    const stat = statSync(this.file, { throwIfNoEntry: false });
    if (!stat?.isFile()) return undefined;
    const stamp = `${stat.ino} ${stat.mtimeMs} ${stat.ctimeMs} ${stat.size}`;
    if (stamp !== this.stamp) {
      this.value = this.parse(readFileSync(this.file, 'utf8'), stat.mode);
      this.stamp = stamp;
    }
    return this.value;
  }
}

export interface SettingsOptions {
  env: NodeJS.ProcessEnv;
  /** Where .env and .env.local lie. */
  cwd: string;
  /** SPOOR_HOME, for the secrets file. */
  home: string;
}

const secretsFile = z.record(z.string(), z.string());

/** What references to secrets lead to. An empty value is one that is not set. */
export class Settings {
  private readonly local: Watched<Record<string, string | undefined>>;
  private readonly shared: Watched<Record<string, string | undefined>>;
  private readonly secrets = new Map<string, Watched<Record<string, string>>>();

  constructor(private readonly options: SettingsOptions) {
    this.local = new Watched(join(options.cwd, '.env.local'), parseEnv);
    this.shared = new Watched(join(options.cwd, '.env'), parseEnv);
  }

  /**
   * `.env.local` wins, then the process's own environment, then `.env`: what was mended in the file must count, also in a
   * process that was started with the old value.
   */
  env(name: string): string | undefined {
    return this.local.get()?.[name] || this.options.env[name] || this.shared.get()?.[name] || undefined;
  }

  /** An entry of the secrets file. @throws SpoorError proxy_not_configured when others may read the file, or it is none */
  secret(name: string): string | undefined {
    const file = this.env('SPOOR_SECRETS') ?? join(this.options.home, 'secrets.json');
    const known = this.secrets.get(file) ?? new Watched(file, parseSecrets);
    this.secrets.set(file, known);
    const entries = known.get();
    return entries && Object.hasOwn(entries, name) ? entries[name] || undefined : undefined;
  }
}

function parseSecrets(text: string, mode: number): Record<string, string> {
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw wrong('the secrets file', 'readable by its owner alone (chmod 600)');
  try {
    return secretsFile.parse(JSON.parse(text));
  } catch {
    throw wrong('the secrets file', 'a JSON object of names and texts');
  }
}
