import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { catalogue, type EventType } from '#libs/events';
import { failures } from '#libs/failures';
import { openApiDocument } from '../schemas/openapi.js';
import { scrapeOf, startTestApi, type TestApi } from '../test-support.js';
import { asyncApiDocument } from './asyncapi.js';
import { errorsGuide } from './errors-guide.js';
import { eventSchema } from './event-schemas.js';

const json = (value: unknown): string => JSON.stringify(value);
const types = Object.keys(catalogue) as EventType[];
const UPDATE = process.env['UPDATE_DOCS'] === '1';

/** What is committed is what the code says; `npm run docs` writes it anew. */
describe('generated documents', () => {
  let api: TestApi;
  beforeAll(async () => {
    // Also of what is served only where it is configured.
    api = await startTestApi({}, { scrape: scrapeOf(async () => null) });
  });
  afterAll(() => api.close());

  test.each<[string, () => string]>([
    ['docs/openapi.json', () => json(openApiDocument(api.app))],
    ['docs/asyncapi.json', () => json(asyncApiDocument())],
    ['docs/errors.md', errorsGuide],
    ...types.map((type): [string, () => string] => [
      `docs/events/${type}.schema.json`,
      () => json(eventSchema(type)),
    ]),
  ])('%s is what the code says; if not: npm run docs', async (file, generate) => {
    const config = await resolveConfig(file);
    const text = await format(generate(), { ...config, filepath: file });
    if (UPDATE) {
      await mkdir('docs/events', { recursive: true });
      await writeFile(file, text);
    }
    expect(existsSync(file) ? await readFile(file, 'utf8') : null).toBe(text);
  });

  test('there is no schema of an event that is gone', async () => {
    const gone = readdirSync('docs/events').filter(
      (file) => !types.includes(basename(file, '.schema.json') as EventType),
    );
    if (UPDATE) for (const file of gone) await rm(`docs/events/${file}`);
    else expect(gone).toEqual([]);
  });

  test('the guide names every code of the failure table once', () => {
    const guide = errorsGuide();
    for (const code of Object.keys(failures)) expect(guide.split(`| \`${code}\` |`)).toHaveLength(2);
  });
});

type Node = Record<string, unknown>;

describe('docs/asyncapi.json as a document of AsyncAPI 3', () => {
  const document = asyncApiDocument();
  const at = (pointer: string): unknown =>
    pointer
      .slice(2)
      .split('/')
      .reduce<unknown>((node, key) => (node as Node | undefined)?.[key], document);
  const refs: string[] = [];
  const walk = (node: unknown): void => {
    if (node === null || typeof node !== 'object') return;
    for (const [key, value] of Object.entries(node))
      if (key === '$ref' && typeof value === 'string') refs.push(value);
      else walk(value);
  };
  walk(document);

  test('every reference within it leads to something', () =>
    expect(refs.filter((ref) => at(ref) === undefined)).toEqual([]));

  test('every event is a message of one channel, under the subject that the log has it', () => {
    const channels = Object.values(document['channels'] as Record<string, Node>);
    for (const type of types) {
      const of = channels.filter((channel) => type in (channel['messages'] as Node));
      const end = catalogue[type].family === 'job' ? 'job' : `page.${type}`;
      expect(of.map(({ address }) => address)).toEqual([`spoor.events.{shard}.{jobId}.${end}`]);
      expect(Object.keys(of[0]!['parameters'] as Node)).toEqual(['shard', 'jobId']);
    }
  });

  test('every operation names a channel and messages of that channel, and every address its parameters', () => {
    for (const operation of Object.values(document['operations'] as Record<string, Node>)) {
      const channel = (operation['channel'] as { $ref: string }).$ref;
      expect(operation['action']).toBe('send');
      for (const { $ref } of operation['messages'] as { $ref: string }[])
        expect($ref.startsWith(`${channel}/messages/`)).toBe(true);
    }
  });
});
