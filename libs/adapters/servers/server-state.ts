import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { RunningServer } from './server-process.js';

export type ServerKind = 'nats' | 'postgres';

/** What `run/servers.json` holds: the servers that were started last, running or not. Written under the lock only. */
export type ServerState = Partial<Record<ServerKind, RunningServer>>;

export function readState(file: string): ServerState {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ServerState;
  } catch {
    // Missing or torn: the servers' own pid files still tell what runs.
    return {};
  }
}

export function writeState(file: string, kind: ServerKind, server: RunningServer): void {
  const state = { ...readState(file), [kind]: server };
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
