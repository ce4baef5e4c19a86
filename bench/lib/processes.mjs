// CPU and memory of process trees, from /proc.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const TICKS = 100;
const POLL_MS = 150;
/** Place of a process's start in its stat, counted behind its name. */
const STARTED = 19;

const read = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

export const canMeasure = () => read('/proc/self/stat') !== '';

function children(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      read(`/proc/${pid}/task/${task}/children`).trim().split(' ').filter(Boolean),
    );
  } catch {
    return [];
  }
}

/** What processes were for when they could last be asked, by pid and start. */
const known = new Map();

/** What a process is for; null when it cannot be said. One that has ended and waits for its parent has no command line any more. */
function partOf(pid, startedAt) {
  const id = `${pid} ${startedAt}`;
  const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
  if (command !== '') known.set(id, partOfCommand(command));
  return known.get(id) ?? null;
}

function partOfCommand(command) {
  if (/nats-server/.test(command)) return 'nats';
  if (/^postgres|\/postgres /.test(command)) return 'postgres';
  if (/ run worker/.test(command)) return 'worker';
  return /node/.test(command) ? 'engine' : 'other';
}

/** CPU s and resident MB of each part below and with `pid`. */
export function treeOf(pid, parts = new Map()) {
  const stat = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ');
  if (stat.length < 20) return parts;
  const part = partOf(pid, stat[STARTED]);
  if (part === null) return parts;
  const sum = parts.get(part) ?? { cpu: 0, rss: 0 };
  // Postgres' backends come and go, so those that ended count; elsewhere they are parts of their own.
  for (const at of part === 'postgres' ? [11, 12, 13, 14] : [11, 12]) sum.cpu += Number(stat[at]) / TICKS;
  // Postgres' processes share most of what they have: only what is their own counts.
  const field = part === 'postgres' ? /^Pss:\s+(\d+)/m : /^Rss:\s+(\d+)/m;
  sum.rss += Number(field.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024;
  parts.set(part, sum);
  for (const child of children(pid)) treeOf(child, parts);
  return parts;
}

/** CPU s of all children of this process that have ended, and of theirs. */
function reaped() {
  const stat = read('/proc/self/stat')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(stat[13]) + Number(stat[14])) / TICKS;
}

/**
 * Runs a command to its end and tells what it and everything below it took.
 * @returns `{ code, stdout, wallS, cpuS, parts: {name: {cpu, rss}}, nodeMb }`; rss are peaks; nodeMb is the peak of all node processes together.
 */
export async function measure(command, args, { env = {}, cwd, onPoll } = {}) {
  const before = reaped();
  const started = performance.now();
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => (stdout += data));
  child.stderr.on('data', (data) => (stderr += data));
  const peaks = {};
  let nodeMb = 0;
  let polledCpu = 0;
  const poll = setInterval(() => {
    const now = treeOf(child.pid);
    let cpu = 0;
    for (const [name, { cpu: part, rss }] of now) {
      const peak = (peaks[name] ??= { cpu: 0, rss: 0 });
      peak.cpu = Math.max(peak.cpu, part);
      peak.rss = Math.max(peak.rss, rss);
      cpu += part;
    }
    polledCpu = Math.max(polledCpu, cpu);
    nodeMb = Math.max(nodeMb, (now.get('engine')?.rss ?? 0) + (now.get('worker')?.rss ?? 0));
    onPoll?.(child);
  }, POLL_MS);
  const code = await ended;
  clearInterval(poll);
  const wallS = (performance.now() - started) / 1000;
  // Servers that outlive their launcher are nobody's children; what they had was seen before.
  const cpuS = Math.max(reaped() - before, polledCpu);
  if (code !== 0) process.stderr.write(stderr.split('\n').slice(-12).join('\n'));
  return { code, stdout, wallS, cpuS, parts: peaks, nodeMb };
}
