import { accessSync, constants, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readText, root, say } from './project.mjs';

const stamp = join(root, 'node_modules', '.spoor-servers');
const home = () => resolve(process.env.SPOOR_HOME || '.spoor');

const runnable = (file) => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** What is still missing of the servers' programs; one's own servers need none. */
function wanted() {
  const names = [];
  if (!process.env.NATS_URL) names.push('nats');
  if (!process.env.DATABASE_URL) names.push('postgres');
  return names;
}

export function serverProgramsReady() {
  const known = JSON.parse(readText(stamp) ?? '{}');
  return wanted().every((name) => known[name] && runnable(known[name]));
}

/** Fetches the programs ahead of their first use; without them the rest works, so it is said and no more. */
export async function fetchServerPrograms() {
  const servers = await import(pathToFileURL(join(root, 'dist/libs/adapters/servers/index.js')).href);
  const known = {};
  let complete = true;
  const attempt = async (name, find) => {
    try {
      known[name] = await find();
    } catch (error) {
      complete = false;
      say(`${error.message}${error.hint ? ` ${error.hint}` : ''}`);
    }
  };
  const log = { info: say, warn: say };
  for (const name of wanted()) {
    if (name === 'nats') await attempt(name, () => servers.findNatsServer(home(), log));
    else await attempt(name, async () => join(servers.postgresNative(home()), 'bin/postgres'));
  }
  writeFileSync(stamp, JSON.stringify(known));
  return complete;
}
