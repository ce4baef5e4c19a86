import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { testDir } from '#libs/testing';

/** Packages of which a process that imports these files of the build loads anything. */
function loadedBy(...files: string[]): Set<string> {
  const folder = testDir('coverage');
  const imports = files.map((file) => `await import(${JSON.stringify(`./dist/${file}`)});`).join('');
  execFileSync(process.execPath, ['--input-type=module', '-e', imports], {
    // Node's own list of what it compiled.
    env: { ...process.env, NODE_V8_COVERAGE: folder },
  });
  const packages = new Set<string>();
  for (const name of readdirSync(folder)) {
    const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { result: { url: string }[] };
    for (const { url } of result) {
      const of = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
      if (of !== undefined) packages.add(of);
    }
  }
  return packages;
}

/** What `openResources` loads, whoever calls it. */
const STORES = 'libs/hosting/open-stores.js';
const OF_PAGES_AND_API = ['@nestjs/swagger', '@nestjs/platform-express', 'express', 'html-to-text', 'warcio'];
const OF_BROWSERS = ['@grpc/grpc-js', 'playwright-core', '@sparticuz/chromium'];
const OF_PAYMENTS = ['@solana/kit', 'rate-limiter-flexible'];

// A crawl of ten pages is little but loading: each package more is paid for at every start.
test.each([
  [
    'a crawl until its servers are started',
    ['apps/cli/commands/crawl.js'],
    ['@nats-io/transport-node', '@nestjs/core', 'got', 'typeorm', 'pg'],
  ],
  [
    'the process of a crawl',
    ['apps/cli/commands/crawl.js', STORES, 'apps/coordinator/index.js', 'apps/projector/index.js'],
    [...OF_PAGES_AND_API, ...OF_BROWSERS, 'got', 'cheerio', 'htmlparser2'],
  ],
  [
    'a worker',
    ['apps/cli/commands/run.js', STORES, 'apps/worker/index.js'],
    [
      ...[...OF_PAGES_AND_API, ...OF_BROWSERS, ...OF_PAYMENTS],
      ...['typeorm', 'pg', '@nestjs/microservices', 'prom-client'],
    ],
  ],
])('given %s, then it loads nothing that it does not need', (_, files, unneeded) => {
  const loaded = loadedBy(...files);
  expect(loaded.size).toBeGreaterThan(0);
  expect(unneeded.filter((name) => loaded.has(name))).toEqual([]);
});
