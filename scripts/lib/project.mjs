import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the project, whichever folder the command was called from. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A failure that a person reads: one line, and what can be done. */
export class Trouble extends Error {
  constructor(message, hint) {
    super(message);
    this.hint = hint;
  }
}

/** stdout belongs to results. */
export const say = (line) => process.stderr.write(`${line}\n`);

export function tell(error) {
  if (error instanceof Trouble) say(`spoor: ${error.message}${error.hint ? ` ${error.hint}` : ''}`);
  else if (error?.name === 'SpoorError') say(`spoor: ${error.message} ${error.hint}`);
  else say(`spoor: the set-up failed: ${error?.message ?? error}`);
}

export const readText = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
};

export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Trouble(
    `Node ${process.versions.node} is too old.`,
    'Install Node 20.19 or newer, see https://nodejs.org.',
  );
}

export const SOURCE_FOLDERS = ['apps', 'libs', 'migrations'];
const isTest = (name) => /\.(int-)?spec\.ts$/.test(name);

/** Paths of all sources below the project's folder, without tests; sorted. */
export function sources() {
  const found = [];
  const walk = (dir) => {
    for (const entry of readdirSync(join(root, dir), { withFileTypes: true })) {
      const path = `${dir}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (!isTest(entry.name)) found.push(path);
    }
  };
  for (const folder of SOURCE_FOLDERS) if (readdirSync(root).includes(folder)) walk(folder);
  return found.sort();
}

/** Changes when anything does that the build depends on. */
export function sourcesHash() {
  const hash = createHash('sha256');
  const others = ['tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json'];
  for (const path of [...others, ...sources()]) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

export const fileHash = (path) =>
  createHash('sha256')
    .update(readFileSync(join(root, path)))
    .digest('hex');
