import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Trouble, readText, root, say, sources, sourcesHash } from './project.mjs';

const stamp = join(root, 'dist', '.spoor-built');

export const buildReady = () => existsSync(stamp) && readText(stamp) === sourcesHash();

/** Compiles into a folder beside, then swaps: what runs meanwhile finds whole files only. Called under the set-up's lock. */
export function build() {
  say('building');
  const hash = sourcesHash();
  // Of builds that were killed; a compiler that still runs for one of them writes into a folder that nobody reads.
  for (const name of readdirSync(root)) {
    if (/^dist\.(next|old)-/.test(name))
      rmSync(join(root, name), { recursive: true, force: true, maxRetries: 5 });
  }
  const next = join(root, `dist.next-${process.pid}`);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const result = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', next], {
    cwd: root,
    encoding: 'utf8',
  });
  if (result.status !== 0) {
    rmSync(next, { recursive: true, force: true });
    const errors = `${result.stdout}${result.stderr}`.trim().split('\n');
    for (const line of errors.slice(0, 20)) say(line);
    throw new Trouble(
      `the sources do not compile (${errors.length} lines of errors).`,
      '`npm run typecheck` shows all.',
    );
  }
  for (const path of sources().filter((name) => !/\.(ts|md)$/.test(name))) {
    mkdirSync(join(next, dirname(path)), { recursive: true });
    cpSync(join(root, path), join(next, path));
  }
  writeFileSync(join(next, '.spoor-built'), hash);
  const old = join(root, `dist.old-${process.pid}`);
  if (existsSync(join(root, 'dist'))) renameSync(join(root, 'dist'), old);
  renameSync(next, join(root, 'dist'));
  rmSync(old, { recursive: true, force: true });
}
