import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Trouble, fileHash, readText, root, say } from './project.mjs';

const stamp = join(root, 'node_modules', '.spoor-installed');
const wanted = () => `${fileHash('package-lock.json')} ${process.platform} ${process.arch}\n`;

/** True when somebody ran npm by hand and what is there is what the lock file says. */
function installedByHand() {
  const there = JSON.parse(readText(join(root, 'node_modules/.package-lock.json')) ?? 'null');
  if (there === null) return false;
  const lock = JSON.parse(readText(join(root, 'package-lock.json')));
  return Object.entries(lock.packages).every(([path, entry]) => {
    if (path === '' || (entry.optional && !there.packages[path])) return true;
    return there.packages[path]?.version === entry.version && existsSync(join(root, path));
  });
}

export const dependenciesReady = () => readText(stamp) === wanted();

const REASONS = [
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|network/i,
    'npm could not reach its registry.',
    'Check the network, or the proxy in your npm settings, and try again.',
  ],
  [
    /EUSAGE|can only install packages when/i,
    'package.json and package-lock.json do not fit.',
    'Run `npm install` once.',
  ],
  [/ENOSPC/i, 'the disk is full.', 'Make about 500 MB of room and try again.'],
  [/EACCES|EPERM|EROFS/i, 'npm may not write here.', 'Check who owns this folder and its node_modules.'],
];

function npm(args) {
  // Called through npm, the same npm is used; otherwise the one on the PATH.
  const viaNode = process.env.npm_execpath?.endsWith('.js');
  const command = viaNode ? process.execPath : process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const first = viaNode ? [process.env.npm_execpath] : [];
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...first, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: command.endsWith('.cmd'),
      env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}` },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('error', () =>
      reject(new Trouble('npm was not found.', 'It comes with Node: see https://nodejs.org.')),
    );
    child.once('close', (code) => resolve({ code, output }));
  });
}

export async function installDependencies() {
  if (!installedByHand()) {
    say('installing dependencies (npm ci)');
    const { code, output } = await npm([
      'ci',
      '--include=dev',
      '--include=optional',
      '--no-progress',
      '--loglevel=error',
    ]);
    if (code !== 0) {
      const [, message, hint] = REASONS.find(([pattern]) => pattern.test(output)) ?? [];
      const last =
        output
          .trim()
          .split('\n')
          .find((line) => /error/i.test(line)) ?? `exit code ${code}`;
      throw new Trouble(
        message ?? `npm ci failed: ${last}`,
        hint ?? 'Run `npm ci` to see all that npm says.',
      );
    }
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted());
}
