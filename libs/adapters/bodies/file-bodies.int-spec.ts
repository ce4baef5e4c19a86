import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jobId } from '#libs/events';
import { createFileBodies } from './index.js';

const JOB = jobId(0, 'aaaaaaaa');
const OTHER = jobId(0, 'bbbbbbbb');
const META = { encoding: 'gzip' as const, contentType: 'text/html' };

describe('bodies in files', () => {
  let dir: string;
  beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), 'spoor-bodies-'))));
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it.each([true, false])('gives back what was put (sync %s)', async (sync) => {
    const bodies = createFileBodies({ dir, sync });
    const raw = Buffer.from('\x1f\x8b\0raw', 'latin1');
    const ref = await bodies.put(JOB, raw, { ...META, truncated: true });
    const sha256 = createHash('sha256').update(raw).digest('hex');
    expect(ref).toEqual({ ...META, truncated: true, sha256, storedBytes: raw.length });
    expect(await bodies.get(JOB, sha256)).toEqual(raw);
    expect(await bodies.get(OTHER, sha256)).toBeNull();
  });

  it('writes the same content once, also when many come together, and leaves nothing beside it', async () => {
    const bodies = createFileBodies({ dir });
    const puts = Array.from({ length: 20 }, () => bodies.put(JOB, Buffer.from('same'), META));
    const refs = await Promise.all(puts);
    const { sha256 } = refs[0]!;
    const path = join(dir, JOB, sha256.slice(0, 2));
    expect(await readdir(path)).toEqual([sha256]);
    const before = await stat(join(path, sha256));
    await bodies.put(JOB, Buffer.from('same'), META);
    expect((await stat(join(path, sha256))).ino).toBe(before.ino);
  });

  it('removes one job and no other', async () => {
    const bodies = createFileBodies({ dir });
    const { sha256 } = await bodies.put(JOB, Buffer.from('x'), META);
    await bodies.put(OTHER, Buffer.from('x'), META);
    await bodies.removeJob(JOB);
    await bodies.removeJob(JOB);
    expect(await bodies.get(JOB, sha256)).toBeNull();
    expect(await bodies.get(OTHER, sha256)).toEqual(Buffer.from('x'));
  });

  it.each(['../../etc', '0-aaaaaaaa/..', '', '0-AAAAAAAA'])('refuses the job id %p', async (id) => {
    const bodies = createFileBodies({ dir });
    await expect(bodies.put(id, Buffer.from('x'), META)).rejects.toThrow(RangeError);
    await expect(bodies.removeJob(id)).rejects.toThrow(RangeError);
  });

  it.each(['../x', '', 'A'.repeat(64)])('has nothing under the hash %p', async (hash) => {
    expect(await createFileBodies({ dir }).get(JOB, hash)).toBeNull();
  });

  it('says that the store is unavailable when it cannot write', async () => {
    await writeFile(join(dir, JOB), 'a file where the directory should be');
    await chmod(dir, 0o700);
    const put = createFileBodies({ dir }).put(JOB, Buffer.from('x'), META);
    await expect(put).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(put).rejects.not.toThrow(dir);
  });
});
