import type { JobReplay } from '#libs/read-models';

export const FIXTURE = 'job.tar.gz';
export const ROWS = 'rows.jsonl';
export const SPEC = 'job.spec.ts';

/** The text of a spec that holds a history to what is made of it today. @param replay with all of the history applied */
export function specText(jobId: string, events: number, { state, proof }: JobReplay): string {
  const { status, run, pages, lastError } = state;
  const expected = { status, run, pages, lastError: lastError?.code ?? null };
  return `import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TarArchive } from '#libs/adapters/job-archive';
import { archivedEvents, checkArchive } from '#libs/engine/archive';
import { JobReplay } from '#libs/read-models';

const HERE = import.meta.dirname;

describe('job ${jobId}', () => {
  const archive = new TarArchive(join(HERE, '${FIXTURE}'));
  const replay = new JobReplay('${jobId}');

  // Given its history, as it was exported.
  beforeAll(async () => {
    await checkArchive(archive);
    for await (const event of archivedEvents(archive)) replay.apply(event);
  });

  test('given its ${events} events, when this code folds them, then status and counts are as they were', () => {
    const { status, run, pages, lastError } = replay.state;
    expect({ status, run, pages, lastError: lastError?.code ?? null }).toEqual(${literal(expected, 4)});
  });

  test('given its ${events} events, when this code proves them, then every page is accounted for as it was', () => {
    expect(replay.proof).toMatchObject(${literal({ holds: proof?.holds ?? false, known: proof?.known, done: proof?.done }, 4)});
  });

  test('given its ${events} events, when this code projects them, then the rows are as they were', () => {
    const rows = readFileSync(join(HERE, '${ROWS}'), 'utf8').split('\\n').filter(Boolean);
    expect(replay.rows()).toEqual(rows);
  });
});
`;
}

/** As a person would write it: quotes where they are needed, a comma after each line. */
function literal(value: unknown, indent: number): string {
  if (value === null || typeof value !== 'object') return quoted(value);
  const inner = ' '.repeat(indent + 2);
  const lines = Object.entries(value).map(
    ([name, one]) =>
      `${inner}${/^[a-z_]\w*$/i.test(name) ? name : quoted(name)}: ${literal(one, indent + 2)},\n`,
  );
  return `{\n${lines.join('')}${' '.repeat(indent)}}`;
}

const quoted = (value: unknown): string =>
  typeof value === 'string'
    ? `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
    : (JSON.stringify(value) ?? 'undefined');
