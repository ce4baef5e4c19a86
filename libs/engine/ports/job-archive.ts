/** A file in an archive. */
export interface ArchiveMember {
  name: string;
  /** Known before the first byte of it is written or read. */
  bytes: number;
  content: AsyncIterable<Uint8Array>;
}

/** What was put aside until it is written into the archive. */
export interface SetAside {
  bytes: number;
  sha256: string;
  content(): AsyncIterable<Uint8Array>;
  drop(): Promise<void>;
}

/** The file that a job is exported to, or imported from. */
export interface JobArchive {
  /** For people. */
  readonly name: string;
  exists(): Promise<boolean>;
  /** @throws SpoorError invalid_request: there is such a file already, and it is not to be replaced; or it cannot be written */
  checkWritable(options: { replace: boolean }): Promise<void>;
  /** Beside the archive, in bounded memory: the size of what is streamed is known at its end only. */
  setAside(lines: AsyncIterable<string>): Promise<SetAside>;
  /** Has its name only when it is whole and the disk has confirmed it. @throws SpoorError store_unavailable */
  write(members: AsyncIterable<ArchiveMember>): Promise<void>;
  /**
   * One after another in the order of the file; what was not read of one is passed over. Nothing is unpacked.
   * @throws SpoorError invalid_request: it is not there, damaged, or holds anything but plain files
   */
  read(): AsyncIterable<ArchiveMember>;
}
