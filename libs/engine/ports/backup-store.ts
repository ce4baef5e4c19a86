import type { BodyArchive } from './bodies.js';

export interface WrittenFile {
  bytes: number;
  sha256: string;
}

/** One backup, at the place it is kept. */
export interface BackupStore {
  /** For people. */
  readonly name: string;
  /** Makes the place. @throws SpoorError invalid_request when something is there already, or it cannot be written */
  create(): Promise<void>;
  /** Written so that the disk has confirmed it. @throws SpoorError store_unavailable */
  write(file: string, chunks: AsyncIterable<Uint8Array>): Promise<WrittenFile>;
  /** @throws SpoorError invalid_request when it is not there */
  read(file: string): AsyncIterable<Uint8Array>;
  /** Hash and size as they are now; null when it is not there. */
  check(file: string): Promise<WrittenFile | null>;
  /** Written last and at once: a backup without it is not complete. */
  writeManifest(manifest: unknown): Promise<void>;
  /** Null when there is none. */
  readManifest(): Promise<unknown>;
  readonly bodies: BodyArchive;
}
