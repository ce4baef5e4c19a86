import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDir } from '#libs/testing';
import { sweepStaleProfiles } from './stale-profiles.js';

const NOBODY = 65534;

const describeOnLinux = process.platform === 'linux' ? describe : describe.skip;

describeOnLinux('profiles of browsers whose worker was killed', () => {
  const own = process.getuid?.() ?? 0;
  const later = Date.now() + 3_600_000;

  const folder = (dir: string, name: string): string => {
    const path = join(dir, name);
    mkdirSync(path);
    writeFileSync(join(path, 'Cookies'), 'x');
    return path;
  };

  it('go, but for those of a living process, of other users, of other programs, and just made', async () => {
    const dir = testDir('profiles');
    const stale = folder(dir, 'playwright_chromiumdev_profile-stale');
    const script = folder(dir, 'spoor-browser-left');
    const used = folder(dir, 'playwright_chromiumdev_profile-used');
    const other = folder(dir, 'something-else');
    const linked = join(dir, 'playwright_chromiumdev_profile-link');
    symlinkSync(other, linked);
    const browser = spawn(process.execPath, [
      '-e',
      'setInterval(() => {}, 1000)',
      '--',
      `--user-data-dir=${used}`,
    ]);
    await new Promise((resolve) => browser.once('spawn', resolve));
    const ended = new Promise((resolve) => browser.once('exit', resolve));
    try {
      expect(sweepStaleProfiles([own], Date.now(), dir)).toBe(0);
      expect(sweepStaleProfiles([own + 1], later, dir)).toBe(0);
      expect(sweepStaleProfiles([own], later, dir)).toBe(2);
    } finally {
      browser.kill('SIGKILL');
    }
    expect([stale, script, used, other, linked].map((path) => existsSync(path))).toEqual([
      ...[false, false, true, true, true],
    ]);
    await ended;
    expect(sweepStaleProfiles([own], later, dir)).toBe(1);
  });

  const itAsRoot = own === 0 ? it : it.skip;
  if (own !== 0) console.info('skipped: only root may remove what belongs to the browser user');
  itAsRoot("of the browser user go, too, with that user's rights", () => {
    const dir = mkdtempSync(join(tmpdir(), 'spoor-sweep-'));
    try {
      chmodSync(dir, 0o1777);
      const path = folder(dir, 'playwright_chromiumdev_profile-theirs');
      for (const one of [join(path, 'Cookies'), path]) chownSync(one, NOBODY, NOBODY);
      expect(sweepStaleProfiles([NOBODY], later, dir)).toBe(1);
      expect(existsSync(path)).toBe(false);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
