import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { readText, root } from './project.mjs';

// npm links the commands of dependencies, not those of the project itself; with this one `npx spoor` works here.
const windows = process.platform === 'win32';
const link = join(root, 'node_modules/.bin', windows ? 'spoor.cmd' : 'spoor');
const script = join(root, 'scripts/spoor.mjs');
const target = '../../scripts/spoor.mjs';
const WINDOWS_SHIM = '@node "%~dp0\\..\\..\\scripts\\spoor.mjs" %*\r\n';

export function commandReady() {
  if (windows) return readText(link) === WINDOWS_SHIM;
  try {
    return readlinkSync(link) === target && (statSync(script).mode & 0o100) !== 0;
  } catch {
    return false;
  }
}

export function linkCommand() {
  mkdirSync(dirname(link), { recursive: true });
  if (lstatSync(link, { throwIfNoEntry: false })) rmSync(link);
  if (windows) return writeFileSync(link, WINDOWS_SHIM);
  if ((statSync(script).mode & 0o100) === 0) chmodSync(script, 0o755);
  symlinkSync(target, link);
}
