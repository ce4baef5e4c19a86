import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import type { ArchiveMember } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';

type Unusable = (what: string, hint: string, cause?: unknown) => SpoorError;

/** Letters, digits and folders below: nothing that leads out of a folder, should anybody ever unpack it. */
const PLAIN_NAME = /^(?!.*\.\.)[a-z0-9][a-z0-9._/-]{0,99}$/;

/** Members of a gzipped tar, streamed. Long headers are bounded by tar-stream (4 MiB). */
export async function* readTar(
  path: string,
  unusable: Unusable,
): AsyncGenerator<ArchiveMember, void, undefined> {
  const tar = extract();
  // Its outcome reaches the loop through `tar`; a loop that was left early ends the others.
  pipeline(createReadStream(path), createGunzip(), tar, () => undefined);
  try {
    for await (const entry of tar) {
      const { name, type, size } = entry.header;
      if (type !== 'file')
        throw unusable(
          `holds a ${type ?? 'nameless thing'} (${printable(name)})`,
          'Archives of jobs hold plain files only; this is none that spoor job export wrote.',
        );
      if (!PLAIN_NAME.test(name))
        throw unusable(
          `holds a file with the name ${printable(name)}`,
          'No archive of a job has such a name in it; this is none that spoor job export wrote.',
        );
      yield { name, bytes: size ?? 0, content: contentOf(entry, unusable) };
      entry.resume();
    }
  } catch (error) {
    throw asUnusable(error, unusable);
  }
}

/** Damage may show in the middle of a member, where whoever reads it is told. */
async function* contentOf(
  entry: AsyncIterable<unknown>,
  unusable: Unusable,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* entry as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw asUnusable(error, unusable);
  }
}

function asUnusable(error: unknown, unusable: Unusable): SpoorError {
  if (error instanceof SpoorError) return error;
  if ((error as NodeJS.ErrnoException).syscall !== undefined)
    return unusable('cannot be read', 'Name a file that spoor job export wrote.', error);
  const hint = 'Copy it anew, or name a file that spoor job export wrote.';
  return unusable('is damaged, or no gzipped tar', hint, error);
}

const printable = (name: string): string => JSON.stringify(name.slice(0, 80));
