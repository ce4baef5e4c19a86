import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { TarArchive } from '#libs/adapters/job-archive';
import { eventLine } from '#libs/events';
import { testDir } from '#libs/testing';
import { History } from '#libs/testing/history';
import { linesOf } from './lines.js';
import { checkArchive } from './read-archive.js';

const JOB = '0-testjob00';
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const BODY = '<h1>hello</h1>';

interface Parts {
  events: string[];
  /** What stands in the manifest beside or instead of what is true. */
  manifest: Record<string, unknown>;
  members: (true_: [string, string][]) => [string, string][];
}

function history(): History {
  const body = {
    sha256: sha(BODY),
    storedBytes: 14,
    encoding: 'identity' as const,
    contentType: 'text/html',
  };
  return new History(JOB)
    .started({ start: ['https://site.test/'] })
    .fetched('https://site.test/', [], { body })
    .add('JobStopped', { commandId: 'stop', run: 1 });
}

/** An archive that is right but for what a case changes. */
async function archiveOf(change: Partial<Parts> = {}): Promise<TarArchive> {
  const archive = new TarArchive(join(testDir('archive'), 'job.tar.gz'));
  const lines = change.events ?? history().events.map(eventLine);
  const events = lines.map((line) => `${line}\n`).join('');
  const manifest = JSON.stringify({
    ...{ format: 1, jobId: JOB, range: { first: 1, last: 3 } },
    events: { count: 3, unreadable: 0, bytes: Buffer.byteLength(events), sha256: sha(events) },
    bodies: { files: [sha(BODY)], missing: [] },
    ...change.manifest,
  });
  const right: [string, string][] = [
    ['manifest.json', manifest],
    ['events.jsonl', events],
    [`bodies/${sha(BODY)}`, BODY],
  ];
  const content = async function* (text: string): AsyncGenerator<Buffer> {
    yield Buffer.from(text);
  };
  await archive.write(
    (async function* () {
      for (const [name, text] of change.members?.(right) ?? right)
        yield { name, bytes: Buffer.byteLength(text), content: content(text) };
    })(),
  );
  return archive;
}
const lines = (...changed: object[]): string[] =>
  history().events.map((event, i) => JSON.stringify({ ...JSON.parse(eventLine(event)), ...changed[i] }));
const counted = (events: string[], bytes = 0) => {
  const text = events.map((line) => `${line}\n`).join('');
  return {
    events: { count: events.length, unreadable: 0, bytes: text.length + bytes, sha256: sha(text) },
  };
};

test('given an archive as it was written, then it is what its manifest says', async () => {
  expect(await checkArchive(await archiveOf())).toMatchObject({ manifest: { jobId: JOB, format: 1 } });
});

test.each<[string, Partial<Parts>, string]>([
  ['another format', { manifest: { format: 2 } }, 'has the format 2; this version reads format 1'],
  ['a job id that is none', { manifest: { jobId: '../x' } }, 'wrong manifest.json: jobId is no job id'],
  ['a body under no hash', { manifest: { bodies: { files: ['../x'], missing: [] } } }, 'bodies.files.0'],
  ['no manifest', { members: ([, ...rest]) => rest }, 'holds events.jsonl where manifest.json belongs'],
  ['a manifest that is none', { members: ([, ...rest]) => [['manifest.json', '{'], ...rest] }, 'no JSON'],
  ['no events', { members: ([first]) => [first!] }, 'ends before events.jsonl'],
  ['events of another size', { manifest: counted(lines(), 1) }, '1552 were written'],
  [
    'other events',
    {
      members: ([m, [name, text] = ['', ''], b]) => [
        m!,
        [name, text.replace('JobStopped', 'JobStoppeD')],
        b!,
      ],
    },
    'cannot be read: unknown event type JobStoppeD',
  ],
  [
    'a changed event',
    { members: ([m, [name, text] = ['', ''], b]) => [m!, [name, text.replace(':200', ':201')], b!] },
    'holds another events.jsonl than was written',
  ],
  ['a body less', { members: ([m, e]) => [m!, e!] }, 'ends before bodies/'],
  ['a changed body', { members: ([m, e, b]) => [m!, e!, [b![0], 'x']] }, 'a body that is not what was'],
  [
    'a file more',
    { members: (all) => [...all, ['bodies/x', 'x']] },
    'holds bodies/x, which its manifest does',
  ],
  [
    'a body that is not named',
    { manifest: { bodies: { files: [], missing: [] } } },
    'has no body for event 2',
  ],
  ['an event of another job', withEvents(lines({}, { jobId: '0-another000' })), 'an event of another job'],
  ['events out of order', withEvents(lines({}, { seq: 9 })), 'holds event 3 behind event 9'],
  ['no beginning', withEvents(lines().slice(1)), 'begins with a page'],
  [
    'the end of a job',
    withEvents(lines({}, {}, { type: 'JobRemoved' })),
    'holds JobRemoved where no job has it',
  ],
  ['other ends', { manifest: { range: { first: 1, last: 4 } } }, 'tells of other events than it holds'],
])('given one with %s, then it is refused, and that is said', async (_, change, message) => {
  const checked = checkArchive(await archiveOf(change));
  await expect(checked).rejects.toMatchObject({ code: 'invalid_request', details: { field: 'file' } });
  await expect(checked).rejects.toThrow(message);
});

test('given one with a huge manifest, then it is refused before any of it is read', async () => {
  const archive = await archiveOf();
  archive.read = async function* () {
    const content = {
      [Symbol.asyncIterator]: () => {
        throw new Error('it was read');
      },
    };
    yield { name: 'manifest.json', bytes: 128 * 1024 * 1024 + 1, content };
  };
  await expect(checkArchive(archive)).rejects.toThrow('134217728 are allowed');
});

function withEvents(events: string[]): Partial<Parts> {
  return { events, manifest: counted(events) };
}

describe('lines of chunks', () => {
  const of = async (chunks: string[], max = 100): Promise<string[]> => {
    const found: string[] = [];
    const bytes = async function* (): AsyncGenerator<Buffer> {
      for (const chunk of chunks) yield Buffer.from(chunk, 'latin1');
    };
    for await (const line of linesOf(bytes(), max)) found.push(line);
    return found;
  };

  test('given lines and characters that are cut anywhere, then they are whole', async () => {
    const text = Buffer.from('é\n\nab\nc').toString('latin1');
    for (let at = 0; at <= text.length; at++)
      expect(await of([text.slice(0, at), text.slice(at)])).toEqual(['é', '', 'ab', 'c']);
  });

  test('given a line without end, then no more of it is held than is allowed', async () => {
    await expect(of(['abc', 'def', 'ghi'], 6)).rejects.toThrow('longer than 6 bytes');
  });
});
