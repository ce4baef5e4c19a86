import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readText, root } from './project.mjs';

// The same lock as libs/adapters/servers/file-lock.ts, which is not built yet when it is needed here: claims are numbered,
// the highest is never removed, so that the claim of a process that was killed can be taken over by exactly one other.
const dir = join(root, '.spoor', 'setup-lock');

const numbers = () =>
  readdirSync(dir)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);

/** Start time on Linux, so that a later process with the same id is not taken for the holder; null when it has ended. */
function startOf(pid) {
  if (process.platform !== 'linux') return '';
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? null : fields[19];
}

function isHeld(number) {
  const text = readText(join(dir, String(number)));
  if (text === null) return true;
  const [pid, start] = text.split(' ');
  if (pid === 'released') return false;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
  }
  return startOf(pid) === start;
}

function draft(text) {
  const file = join(dir, `draft-${randomUUID()}`);
  writeFileSync(file, text);
  return file;
}

function claim() {
  const last = numbers().at(-1) ?? 0;
  if (last > 0 && isHeld(last)) return null;
  const file = join(dir, String(last + 1));
  const mine = draft(`${process.pid} ${startOf(process.pid)}`);
  try {
    linkSync(mine, file);
  } catch (error) {
    if (error.code === 'EEXIST') return null;
    throw error;
  } finally {
    rmSync(mine, { force: true });
  }
  const all = numbers();
  if (all.at(-1) !== last + 1) {
    rmSync(file, { force: true });
    return null;
  }
  for (const older of all.slice(0, -1)) rmSync(join(dir, String(older)), { force: true });
  return file;
}

/** Runs `work` alone; `onWait` is called once when another process has to be waited for. */
export async function alone(work, onWait) {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  let mine = claim();
  if (mine === null) onWait();
  while (mine === null) {
    await sleep(100);
    mine = claim();
  }
  try {
    return await work();
  } finally {
    renameSync(draft('released'), mine);
  }
}
