import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { say } from '../say.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

export interface Ran {
  code: number | null;
  text: string;
}

/** Runs `spoor <args>` as a person would in `cwd`, showing what it prints. */
export async function runSpoor(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Ran> {
  say(`\n  $ spoor ${args.join(' ')}`);
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let line = '';
  const show = (chunk: string): void => {
    text += chunk;
    const lines = (line + chunk).split('\n');
    line = lines.pop() ?? '';
    for (const one of lines) if (one.trim() !== '') say(`  ${one}`);
  };
  child.stdout.setEncoding('utf8').on('data', show);
  child.stderr.setEncoding('utf8').on('data', show);
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  say(`  [exit code ${code}]`);
  return { code, text };
}
