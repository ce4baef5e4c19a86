import { spawn, spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { text } from 'node:stream/consumers';

const works = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;

/** How a network namespace of one's own is had here: as root, or in a user namespace. */
const ways = [['-n'], ['-r', '-n']];

/** Arguments of `unshare`, or why there is no namespace in which every address is this machine. */
export function isolation(): { args: string[] } | { missing: string } {
  if (process.platform !== 'linux') return { missing: 'network namespaces are a thing of Linux' };
  if (!works('ip', '-V')) return { missing: 'ip is not there (package iproute2)' };
  const args = ways.find((way) => works('unshare', ...way, 'sh', '-c', SETUP));
  return args ? { args } : { missing: 'no network namespace may be made (needs root or user namespaces)' };
}

const SETUP =
  'ip link set lo up && ip route add local default dev lo && ip -6 route add local default dev lo';

/** Runs a script of Node in such a namespace, with the caller's own namespace as its argument; answers what it printed. */
export async function runIsolated(args: string[], script: string, stdin: string): Promise<string> {
  const own = readlinkSync('/proc/self/ns/net');
  const child = spawn(
    'unshare',
    [...args, 'sh', '-c', `${SETUP} && exec "$@"`, 'sh', process.execPath, script, own],
    {
      env: { ...process.env, NODE_OPTIONS: '' },
    },
  );
  // A child that refuses to run does not read; its own words say why.
  child.stdin.on('error', () => undefined).end(stdin);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0) throw new Error(`the isolated process ended with ${code}: ${stderr}`);
  return stdout;
}
