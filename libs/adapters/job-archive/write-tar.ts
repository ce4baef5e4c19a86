import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack, type Pack } from 'tar-stream';
import type { ArchiveMember } from '#libs/engine/ports';

/** Members as a gzipped tar. The same members give the same bytes: no times, no owners. */
export async function writeTar(members: AsyncIterable<ArchiveMember>, target: Writable): Promise<void> {
  const tar = pack();
  const adding = addAll(tar, members).catch((error: unknown) => {
    tar.destroy();
    throw error;
  });
  // What went wrong with a member says more than that the file ended before its time.
  const [added, written] = await Promise.allSettled([adding, pipeline(tar, createGzip(), target)]);
  for (const one of [added, written]) if (one.status === 'rejected') throw one.reason;
}

async function addAll(tar: Pack, members: AsyncIterable<ArchiveMember>): Promise<void> {
  for await (const { name, bytes, content } of members) {
    const entry = tar.entry({ name, size: bytes, mode: 0o644, mtime: new Date(0) });
    await pipeline(Readable.from(content), entry);
  }
  tar.finalize();
}
