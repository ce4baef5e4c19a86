// Writes what is generated from the code anew: docs/openapi.json, docs/asyncapi.json, docs/events, docs/errors.md, docs/job-spec.schema.json.
// The tests that hold these files against the code write them.
import { spawnSync } from 'node:child_process';
import { root } from './lib/project.mjs';

const specs = ['apps/api/documents/documents', 'apps/api/schemas/job-spec-document'];
const { status } = spawnSync(process.execPath, ['scripts/test.mjs', ...specs, '--selectProjects', 'unit'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, UPDATE_DOCS: '1' },
});
process.exitCode = status ?? 1;
