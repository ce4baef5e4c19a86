import { createHash } from 'node:crypto';
import { createReadStream, type WriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { SetAside } from '#libs/engine/ports';

/** Lines into a file that is there until it is dropped. @param writing opens it, and names what goes wrong with it */
export async function setAside(
  lines: AsyncIterable<string>,
  file: string,
  writing: (work: (target: WriteStream) => Promise<void>) => Promise<void>,
): Promise<SetAside> {
  const hash = createHash('sha256');
  let bytes = 0;
  const counted = async function* (): AsyncGenerator<Buffer, void, undefined> {
    for await (const line of lines) {
      const chunk = Buffer.from(`${line}\n`);
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  };
  await writing((target) => pipeline(Readable.from(counted()), target));
  return {
    ...{ bytes, sha256: hash.digest('hex') },
    content: () => createReadStream(file),
    drop: () => rm(file, { force: true }),
  };
}
