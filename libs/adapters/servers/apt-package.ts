import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { newerSuites, type AptSource } from './apt-sources.js';

const run = promisify(execFile);

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The suites of this system's own distribution that may hold a newer package, newest first; empty where there is no apt. */
export function systemSuites(etc = '/etc'): AptSource[] {
  const parts = join(etc, 'apt/sources.list.d');
  let names: string[] = [];
  try {
    names = readdirSync(parts).filter((name) => /\.(list|sources)$/.test(name));
  } catch {
    // No such folder: the single file below, or nothing.
  }
  const files = [
    { name: 'sources.list', text: readIfThere(join(etc, 'apt/sources.list')) },
    ...names.sort().map((name) => ({ name, text: readIfThere(join(parts, name)) })),
  ];
  return newerSuites(readIfThere(join(etc, 'os-release')), files);
}

function aptOptions(work: string, source: AptSource): string[] {
  let signedBy = source.signedBy;
  if (source.inlineKey !== null) {
    signedBy = join(work, 'archive.asc');
    writeFileSync(signedBy, source.inlineKey);
  }
  const list = join(work, 'sources.list');
  const options = signedBy === null ? '' : `[signed-by=${signedBy}] `;
  writeFileSync(list, `deb ${options}${source.uri} ${source.suite} ${source.component}\n`);
  const set = (name: string, value: string): string[] => ['-o', `${name}=${value}`];
  return [
    '-qq',
    ...set('Dir::Etc::sourcelist', list),
    ...set('Dir::Etc::sourceparts', '-'),
    ...set('Dir::State::lists', join(work, 'lists')),
    ...set('Dir::Cache', join(work, 'cache')),
    ...set('Acquire::Languages', 'none'),
    ...set('Acquire::Retries', '2'),
    ...set('Acquire::http::Timeout', '20'),
    // The sandbox user could not enter a private folder; signatures are checked all the same.
    ...set('APT::Sandbox::User', ''),
  ];
}

/**
 * Unpacks the newest package of a suite into `<work>/root`, without root rights and without touching the system's own lists.
 * @param work an empty folder
 */
export async function unpackPackage(name: string, source: AptSource, work: string): Promise<string> {
  for (const dir of ['lists/partial', 'cache/archives/partial', 'deb']) {
    mkdirSync(join(work, dir), { recursive: true });
  }
  const options = aptOptions(work, source);
  const limits = { timeout: 120_000, maxBuffer: 16 * 1024 * 1024 };
  await run('apt-get', [...options, 'update'], limits);
  await run('apt-get', [...options, 'download', name], { ...limits, cwd: join(work, 'deb') });
  const [file] = readdirSync(join(work, 'deb')).filter((entry) => entry.endsWith('.deb'));
  if (file === undefined) throw new Error(`no package ${name}`);
  const root = join(work, 'root');
  await run('dpkg-deb', ['-x', join(work, 'deb', file), root], limits);
  return root;
}
