// Makes the client for internal services into a package of its own: what libs/client reaches, compiled, with declarations.
// `npm run pack:client [-- folder]` prints the path of the archive.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { root, say } from './lib/project.mjs';

const folder = resolve(process.argv[2] ?? join(root, 'dist.packages'));
const staging = join(root, `dist.client-${process.pid}`);

const IMPORT = /(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g;

/** Removes what the client's index does not reach, in code or in declarations, and names the packages that the rest imports. */
function prune(dist) {
  const reached = new Set();
  const packages = new Set();
  const visit = (file) => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const [, name] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      if (name.startsWith('.')) visitModule(resolve(dirname(file), name), file);
      else if (name.startsWith('#libs/'))
        visitModule(join(dist, 'libs', name.slice('#libs/'.length), 'index.js'), file);
      else if (!name.startsWith('node:')) packages.add(/^(@[^/]+\/)?[^/]+/.exec(name)[0]);
    }
  };
  // Code leads to code, declarations to declarations.
  const visitModule = (path, from) => visit(from.endsWith('.d.ts') ? path.replace(/\.js$/, '.d.ts') : path);
  for (const entry of ['index.js', 'index.d.ts']) visit(join(dist, 'libs/client', entry));
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !reached.has(path)) rmSync(path);
  }
  return [...packages].sort();
}

function manifest() {
  const { version, license, engines, dependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const needed = prune(join(staging, 'dist'));
  return {
    name: '@spoor/client',
    version,
    description: 'Subscribe to the event log of Spoor, typed: history first, then live, at least once.',
    license,
    type: 'module',
    engines,
    exports: { '.': { types: './dist/libs/client/index.d.ts', default: './dist/libs/client/index.js' } },
    imports: { '#libs/*': './dist/libs/*/index.js' },
    files: ['dist'],
    sideEffects: false,
    dependencies: Object.fromEntries(needed.map((name) => [name, dependencies[name]])),
  };
}

try {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const out = join(staging, 'dist');
  const compiled = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.client.json', '--outDir', out], {
    cwd: root,
    encoding: 'utf8',
  });
  if (compiled.status !== 0) throw new Error(`libs/client does not compile:\n${compiled.stdout}`);
  writeFileSync(join(staging, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
  for (const [from, to] of [
    ['libs/client/README.md', 'README.md'],
    ['LICENSE', 'LICENSE'],
  ])
    cpSync(join(root, from), join(staging, to));
  mkdirSync(folder, { recursive: true });
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const packed = execFileSync(npm, ['pack', '--json', '--pack-destination', folder], {
    cwd: staging,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: npm.endsWith('.cmd'),
  });
  console.log(join(folder, JSON.parse(packed)[0].filename));
} catch (error) {
  say(error.message);
  process.exitCode = 1;
} finally {
  rmSync(staging, { recursive: true, force: true });
}
