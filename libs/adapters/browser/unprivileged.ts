import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { existsSync } from 'node:fs';

/** Whom a browser belongs to that root starts; nobody else's processes and files are theirs, Postgres' not either. */
export const BROWSER_UID = 65_533;

export const isRoot = (): boolean => process.getuid?.() === 0;

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Path of setpriv, which changes the user and keeps the pipes that the browser is spoken to through; null: not there. */
export const findSetpriv = (path = process.env.PATH ?? ''): string | null =>
  path
    .split(delimiter)
    .filter(Boolean)
    .map((dir) => join(dir, 'setpriv'))
    .find((file) => existsSync(file)) ?? null;

/**
 * A script that starts the program as a user without any rights and hands its profile over to it. Chromium's sandbox needs a user
 * other than root.
 * @returns its path, and what removes it
 */
export function runAs(uid: number, program: string, setpriv: string): { script: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'spoor-browser-'));
  const script = join(dir, 'start');
  const drop = `--reuid=${uid} --regid=${uid} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all`;
  writeFileSync(
    script,
    [
      '#!/bin/sh',
      'for arg in "$@"; do',
      '  case "$arg" in',
      `    --user-data-dir=*) chown ${uid}:${uid} "\${arg#--user-data-dir=}" ;;`,
      '  esac',
      'done',
      `exec ${quote(setpriv)} ${drop} -- ${quote(program)} "$@"`,
      '',
    ].join('\n'),
  );
  chmodSync(script, 0o700);
  return { script, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
