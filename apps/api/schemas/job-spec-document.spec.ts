import { readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { sampleJob } from '#libs/sample-site';
import { inputSchemas } from './answers.js';
import { jobSpecSchema } from './openapi.js';

const FILE = 'docs/job-spec.schema.json';

/** `UPDATE_DOCS=1` writes it anew. */
test('given the zod definition of a job spec, then the published JSON Schema is the same', async () => {
  const config = await resolveConfig(FILE);
  const text = await format(JSON.stringify(jobSpecSchema()), { ...config, filepath: FILE });
  if (process.env['UPDATE_DOCS'] === '1') await writeFile(FILE, text);
  expect(await readFile(FILE, 'utf8')).toBe(text);
});

test('given the sample job, then it stays within what the schema names', () => {
  const properties = Object.keys((jobSpecSchema()['properties'] ?? {}) as object);
  expect(properties).toEqual(expect.arrayContaining(Object.keys(sampleJob('http://127.0.0.1'))));
  expect(properties).toEqual(Object.keys(inputSchemas.JobSpec.shape));
});
