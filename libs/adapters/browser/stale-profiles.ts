import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** What Playwright calls profiles, and we the folder of the script that a browser is started by. */
const PROFILE = 'playwright_chromiumdev_profile-';
const SCRIPT = 'spoor-browser-';
/** Younger ones may belong to a browser that is just being started, ms. */
const SPARED_MS = 120_000;

/**
 * Removes what workers that were killed have left in the folder for temporary files: profiles that no living process was started with, and
 * scripts, which are there only until a browser runs. Only on Linux can be seen what processes were started with.
 * @param uids whose folders may be ours
 * @returns how many
 */
export function sweepStaleProfiles(uids: readonly number[], now = Date.now(), dir = tmpdir()): number {
  if (process.platform !== 'linux') return 0;
  const stale = readdirSync(dir).flatMap((name) => {
    if (!name.startsWith(PROFILE) && !name.startsWith(SCRIPT)) return [];
    const found = lstatSync(join(dir, name), { throwIfNoEntry: false });
    const isOurs =
      found?.isDirectory() === true && uids.includes(found.uid) && now - found.mtimeMs > SPARED_MS;
    return isOurs ? [{ path: join(dir, name), uid: found.uid }] : [];
  });
  if (stale.length === 0) return 0;
  const inUse = commandLines();
  const left = stale.filter(({ path }) => basename(path).startsWith(SCRIPT) || !inUse.includes(path));
  for (const { path, uid } of left) remove(path, uid);
  return left.length;
}

/** With the rights of its owner: a browser that was taken over could put a link in the way of what root removes. */
function remove(path: string, uid: number): void {
  if (uid === process.getuid?.()) rmSync(path, { recursive: true, force: true });
  else spawnSync('rm', ['-rf', '--', path], { uid, gid: uid, cwd: '/', stdio: 'ignore' });
}

function commandLines(): string {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        // Ended meanwhile.
        return '';
      }
    })
    .join('\n');
}
