import { accessSync, constants, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Empty for users without any, as containers have them. */
function userHome(env: NodeJS.ProcessEnv): string {
  try {
    return env.HOME ?? homedir();
  } catch {
    return '';
  }
}

function writable(dir: string): boolean {
  try {
    mkdirSync(dir, { recursive: true });
    accessSync(dir, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Where downloaded programs are kept: SPOOR_CACHE, else the user's cache, else `<home>/cache` for users without a usable HOME.
 * @param home SPOOR_HOME
 */
export function cacheDir(home: string, env: NodeJS.ProcessEnv = process.env): string {
  if (env.SPOOR_CACHE) return env.SPOOR_CACHE;
  const base = userHome(env);
  const user = env.XDG_CACHE_HOME || (isAbsolute(base) ? join(base, '.cache') : '');
  if (isAbsolute(user) && writable(join(user, 'spoor'))) return join(user, 'spoor');
  return join(home, 'cache');
}
