import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '#libs/failures';

const MIN_CHARS = 32;

export interface SecretOptions {
  /** What the operator has set; null: nothing. */
  given: string | null;
  home: string;
  /** Only a server that nobody else can reach may make one by itself. */
  mayGenerate: boolean;
}

/**
 * The secret under which API keys are stored: SPOOR_KEY_SECRET, else one that is made once and kept under SPOOR_HOME, readable by its
 * owner alone.
 * @throws SpoorError invalid_request when none is there and none may be made
 */
export function installationSecret({ given, home, mayGenerate }: SecretOptions): string {
  if (given !== null) {
    if (given.length >= MIN_CHARS) return given;
    throw refuse(`SPOOR_KEY_SECRET is shorter than ${MIN_CHARS} characters.`);
  }
  const file = join(home, 'secrets', 'key-secret');
  const found = read(file);
  if (found !== null) return found;
  if (!mayGenerate) throw refuse('SPOOR_KEY_SECRET is not set, and this server is not on loopback.');
  mkdirSync(join(home, 'secrets'), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, randomBytes(32).toString('base64url'), { mode: 0o600 });
  try {
    // A link, unlike a rename, never replaces what another process made in the same moment.
    linkSync(draft, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const made = read(file);
  if (made === null) throw refuse('secrets/key-secret under SPOOR_HOME cannot be read, or is no secret.');
  return made;
}

function read(file: string): string | null {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return text.length >= MIN_CHARS ? text : null;
  } catch {
    return null;
  }
}

const refuse = (message: string): SpoorError =>
  new SpoorError('invalid_request', message, {
    field: 'SPOOR_KEY_SECRET',
    hint: `Set it to ${MIN_CHARS} or more random characters, the same for every process of this installation.`,
  });
