import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { completionScript } from './completion.js';

function program(): Command {
  const spoor = new Command('spoor');
  const job = spoor.command('job').description("a job's life");
  job.command('show').description('its history').option('--limit <n>', 'at most');
  job.command('ls').addOption(new Option('--status <status>', 'only these').choices(['running', 'done']));
  spoor.command('cheats').description('to copy');
  return spoor;
}

/** What bash offers at the end of these words. */
function offered(...words: string[]): string[] {
  const script = `${completionScript(program(), 'bash')}
COMP_WORDS=(spoor ${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length}
_spoor
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).split('\n').filter(Boolean);
}

test.each([
  [[''], ['job', 'cheats', '--help']],
  [['j'], ['job']],
  [
    ['job', ''],
    ['show', 'ls', '--help'],
  ],
  [
    ['job', 'show', '--'],
    ['--limit', '--help'],
  ],
  [['job', 'show', '0-abc', '--l'], ['--limit']],
  [
    ['job', 'ls', '--status', ''],
    ['running', 'done'],
  ],
  [['job', 'ls', '--status', 'r'], ['running']],
])('given spoor %j, then bash offers %j', (words, expected) => {
  expect(offered(...words)).toEqual(expected);
});

test.each(['bash', 'zsh', 'fish'] as const)(
  'given %s, then every command and option is in its script',
  (shell) => {
    const script = completionScript(program(), shell);
    for (const word of ['job', 'show', 'ls', 'cheats', 'limit', 'status', 'running'])
      expect(script).toContain(word);
  },
);

test('given the script of fish, then quotes in descriptions do not end it', () => {
  expect(completionScript(program(), 'fish')).toContain("-d 'a job\\'s life'");
});

test.each(['bash', 'zsh', 'fish'] as const)(
  'given %s where it is installed, then it can read its script',
  (shell) => {
    // In a file: fish does not read a script from the kind of pipe that Node gives.
    const folder = mkdtempSync(join(tmpdir(), 'spoor-completion-'));
    writeFileSync(join(folder, 'script'), completionScript(program(), shell));
    const check = spawnSync(shell, ['-n', join(folder, 'script')], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    if (check.error) return console.log(`not checked: ${shell} is not installed`);
    expect([check.status, check.stderr]).toEqual([0, '']);
  },
);
