import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testDir } from '#libs/testing';
import { ResultFile } from './result-file.js';

describe('the place of a result file', () => {
  const dir = testDir('results');

  it('given a file that is not there, or one from before, then it may be written, and nothing is left of the try', () => {
    const path = join(dir, 'new/folder/out.jsonl');
    new ResultFile(path).check();
    writeFileSync(path, 'before');
    new ResultFile(path).check();
    expect(readdirSync(join(dir, 'new/folder'))).toEqual(['out.jsonl']);
  });

  it('given a folder, a device or a link to one, then it is refused before the crawl, and stays what it is', () => {
    mkdirSync(join(dir, 'folder'));
    symlinkSync('/dev/null', join(dir, 'link'));
    for (const path of [join(dir, 'folder'), '/dev/null', join(dir, 'link')])
      expect(() => new ResultFile(path).check()).toThrow(`The result file ${path} cannot be written.`);
    expect(existsSync(join(dir, 'folder'))).toBe(true);
  });
});
