import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { isRunning, thisProcess } from '#libs/adapters/servers';

const mark = z.object({ pid: z.int(), identity: z.string(), url: z.string() });
export type EngineMark = z.output<typeof mark>;

const fileOf = (home: string): string => join(home, 'run', 'engine.json');

/** The engine that `spoor up` keeps running under this home, or null. */
export function findEngine(home: string): EngineMark | null {
  try {
    const found = mark.parse(JSON.parse(readFileSync(fileOf(home), 'utf8')));
    return isRunning(found) ? found : null;
  } catch {
    return null;
  }
}

/** Says that an engine runs here, and where its API is. Returns what takes it back. */
export function markEngine(home: string, url: string): () => void {
  const file = fileOf(home);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ ...thisProcess(), url }), { mode: 0o600 });
  return () => rmSync(file, { force: true });
}
