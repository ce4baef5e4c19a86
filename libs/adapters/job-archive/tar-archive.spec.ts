import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGzip, gunzipSync, gzipSync } from 'node:zlib';
import { pack, type Pack } from 'tar-stream';
import type { ArchiveMember } from '#libs/engine/ports';
import { testDir } from '#libs/testing';
import { TarArchive } from './index.js';

type Header = Exclude<Parameters<Pack['entry']>[0], string>;

describe('a job archive as a gzipped tar', () => {
  let dir: string;
  let file: string;
  beforeEach(() => {
    dir = testDir('tar');
    file = join(dir, 'job.tar.gz');
  });

  async function* bytes(...parts: (string | Buffer)[]): AsyncGenerator<Buffer> {
    for (const part of parts) yield Buffer.from(part);
  }
  async function* members(...texts: [string, string][]): AsyncGenerator<ArchiveMember> {
    for (const [name, text] of texts) yield { name, bytes: Buffer.byteLength(text), content: bytes(text) };
  }
  async function contents(path = file): Promise<[string, string][]> {
    const found: [string, string][] = [];
    for await (const { name, content } of new TarArchive(path).read()) {
      let text = '';
      for await (const chunk of content) text += Buffer.from(chunk).toString();
      found.push([name, text]);
    }
    return found;
  }
  /** An archive as somebody else may have made it. */
  async function foreign(...entries: Header[]): Promise<void> {
    const tar = pack();
    for (const header of entries) tar.entry(header, header.type === 'file' ? 'x' : '');
    tar.finalize();
    await once(tar.pipe(createGzip()).pipe(createWriteStream(file)), 'finish');
  }
  const problem = (path = file): Promise<string> =>
    contents(path).then(
      () => 'read',
      (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
    );

  test('given members, when they are written, then they are read as they were, and nothing else is left', async () => {
    const written: [string, string][] = [
      ['manifest.json', '{}'],
      ['empty', ''],
      ['bodies/ab', 'ü'.repeat(200_000)],
    ];
    await new TarArchive(file).write(members(...written));
    expect(await contents()).toEqual(written);
    expect(await readdir(dir)).toEqual(['job.tar.gz']);
  });

  test('given the same members, then the same bytes', async () => {
    for (const name of ['a', 'b'])
      await new TarArchive(join(dir, name)).write(members(['manifest.json', '{}']));
    expect(await readFile(join(dir, 'a'))).toEqual(await readFile(join(dir, 'b')));
  });

  test('given a member that is not read, then the next one comes all the same', async () => {
    await new TarArchive(file).write(members(['a', 'x'.repeat(300_000)], ['b', 'y']));
    const names: string[] = [];
    for await (const { name } of new TarArchive(file).read()) names.push(name);
    expect(names).toEqual(['a', 'b']);
  });

  test('given a loop that is left early, then that is no error', async () => {
    await new TarArchive(file).write(members(['a', 'x'.repeat(300_000)], ['b', 'y']));
    for await (const { name } of new TarArchive(file).read()) {
      expect(name).toBe('a');
      break;
    }
  });

  test('given members that end in an error, then that error is told, the old file stays, and nothing half-written does', async () => {
    await writeFile(file, 'old');
    const failing = async function* (): AsyncGenerator<ArchiveMember> {
      yield* members(['a', 'x'.repeat(300_000)]);
      throw new Error('the body is gone');
    };
    await expect(new TarArchive(file).write(failing())).rejects.toThrow('the body is gone');
    expect([await readdir(dir), await readFile(file, 'utf8')]).toEqual([['job.tar.gz'], 'old']);
  });

  test('given lines of unknown length, when they are set aside, then size and hash are known, and they go without a trace', async () => {
    const aside = await new TarArchive(file).setAside(
      (async function* () {
        yield 'one';
        yield 'two';
      })(),
    );
    expect(aside).toMatchObject({
      ...{ bytes: 8, sha256: 'c3f9c8c283a2b1f2f1896f27a01cbe3cddc0c9d93f752e4639035a0f5b36f6e8' },
    });
    await aside.drop();
    expect(await readdir(dir)).toEqual([]);
  });

  test('given a file that is there, then it is replaced only when that is wanted; and a folder that is not, then that is said', async () => {
    await writeFile(file, 'old');
    const archive = new TarArchive(file);
    await expect(archive.checkWritable({ replace: false })).rejects.toMatchObject({
      code: 'invalid_request',
    });
    await archive.checkWritable({ replace: true });
    await expect(new TarArchive(dir).checkWritable({ replace: true })).rejects.toThrow('is not a file');
    const nowhere = new TarArchive(join(dir, 'no', 'job.tar.gz'));
    await expect(nowhere.checkWritable({ replace: false })).rejects.toThrow('job.tar.gz cannot be written');
    expect(await readdir(dir)).toEqual(['job.tar.gz']);
  });

  test.each<[string, Header, string]>([
    ['a path upwards', { name: '../../etc/passwd', type: 'file' }, 'the name "../../etc/passwd"'],
    ['a path upwards within', { name: 'bodies/../../x', type: 'file' }, 'the name "bodies/../../x"'],
    ['an absolute path', { name: '/etc/passwd', type: 'file' }, 'the name "/etc/passwd"'],
    ['a symbolic link', { name: 'bodies/a', type: 'symlink', linkname: '/etc/passwd' }, 'a symlink'],
    ['a hard link', { name: 'bodies/a', type: 'link', linkname: '/etc/passwd' }, 'a link'],
    ['a device', { name: 'bodies/a', type: 'character-device' }, 'a character-device'],
    ['a folder', { name: 'bodies', type: 'directory' }, 'a directory'],
  ])('given %s in it, then it is refused', async (_, header, what) => {
    await foreign(header);
    expect(await problem()).toMatch(`invalid_request: job.tar.gz holds`);
    expect(await problem()).toContain(what);
  });

  test('given no gzip, no tar, or half of one, then it is damaged; and none, then it cannot be read', async () => {
    const damaged = 'invalid_request: job.tar.gz is damaged, or no gzipped tar.';
    await writeFile(file, 'hello');
    expect(await problem()).toBe(damaged);
    await writeFile(file, gzipSync('x'.repeat(2000)));
    expect(await problem()).toBe(damaged);
    await new TarArchive(join(dir, 'whole')).write(members(['a', 'x'.repeat(300_000)]));
    const whole = await readFile(join(dir, 'whole'));
    await writeFile(file, whole.subarray(0, whole.length - 20));
    expect(await problem()).toBe(damaged);
    await writeFile(file, gzipSync(gunzipSync(whole).subarray(0, 100_000)));
    expect(await problem()).toBe(damaged);
    expect(await problem(join(dir, 'none'))).toBe('invalid_request: none cannot be read.');
  });
});
