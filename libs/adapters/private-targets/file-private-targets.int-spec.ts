import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPrivateTargets } from './index.js';

const JOB = '0-job00001';

describe('private targets of jobs', () => {
  let dir: string;
  const fresh = () => createPrivateTargets({ dir: join(dir, 'private-targets') });
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'spoor-targets-'))));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('has none for a job that nobody spoke for', () => {
    expect(fresh().of(JOB)).toEqual([]);
  });

  it('is seen by another process that has looked before, and by one that comes later', () => {
    const earlier = fresh();
    expect(earlier.of(JOB)).toEqual([]);
    fresh().grant(JOB, ['*']);
    expect(earlier.of(JOB)).toEqual(['*']);
    expect(fresh().of(JOB)).toEqual(['*']);
    expect(fresh().of('0-job00002')).toEqual([]);
  });

  it('adds to what was granted before, and leaves nothing half written', () => {
    const targets = fresh();
    targets.grant(JOB, ['127.0.0.1:8123']);
    expect(targets.of(JOB)).toEqual(['127.0.0.1:8123']);
    targets.grant(JOB, ['*', '127.0.0.1:8123']);
    expect(targets.of(JOB)).toEqual(['127.0.0.1:8123', '*']);
    expect(readdirSync(join(dir, 'private-targets'))).toEqual([`${JOB}.json`]);
  });

  it('belongs to its owner alone', () => {
    fresh().grant(JOB, ['*']);
    const mode = (path: string) => statSync(path).mode & 0o777;
    expect(mode(join(dir, 'private-targets'))).toBe(0o700);
    expect(mode(join(dir, 'private-targets', `${JOB}.json`))).toBe(0o600);
  });

  it.each(['', '{"allow":"*"}', '[1]', '"*"', '["*"'])('allows nothing by a file that holds %j', (text) => {
    const targets = fresh();
    targets.grant(JOB, ['10.0.0.1']);
    writeFileSync(join(dir, 'private-targets', `${JOB}.json`), text);
    expect(targets.of(JOB)).toEqual([]);
  });

  it('reads and writes no file that is not named as a job', () => {
    writeFileSync(join(dir, 'elsewhere.json'), '["*"]');
    expect(fresh().of('../elsewhere')).toEqual([]);
    expect(() => fresh().grant('../elsewhere', ['*'])).toThrow(RangeError);
  });
});
