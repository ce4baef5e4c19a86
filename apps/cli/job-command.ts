import { Option } from 'commander';
import { loadConfig } from '#libs/config';
import { openResources, type ResourceOptions, type Resources } from '#libs/hosting';

export interface Output {
  output: 'text' | 'json';
}

/** To stdout: what was asked for. */
export const print = (text: string): void => void process.stdout.write(`${text}\n`);

export const output = (): Option =>
  new Option('--output <format>', 'what is printed').choices(['text', 'json']).default('text');

export interface LinesOutput {
  output: 'text' | 'jsonl';
}

/** Of commands that print one thing after another, as many as there are. */
export const linesOutput = (): Option =>
  new Option('--output <format>', 'what is printed').choices(['text', 'jsonl']).default('text');

/** Does a piece of work with the stores of SPOOR_HOME; quiet unless SPOOR_LOG_LEVEL says otherwise. */
export const withEngine = (work: (resources: Resources) => Promise<void>): Promise<void> =>
  withResources({ name: 'job' }, work);

/** The same with the log alone: no database is started, looked for, or needed. */
export const withLog = (work: (resources: Resources) => Promise<void>): Promise<void> =>
  withResources({ name: 'job', only: 'log' }, work);

async function withResources(
  options: ResourceOptions,
  work: (resources: Resources) => Promise<void>,
): Promise<void> {
  const resources = await openResources(
    { ...loadConfig(), ...(process.env.SPOOR_LOG_LEVEL ? {} : { logLevel: 'error' as const }) },
    options,
  );
  try {
    await work(resources);
  } finally {
    await resources.close();
  }
}

/** Rows of a small table: what it is about, then its lines. */
export function printRows(rows: readonly (readonly [string, ...string[]])[]): void {
  for (const [title, ...lines] of rows)
    lines.forEach((line, i) => print(`  ${(i === 0 ? title : '').padEnd(8)} ${line}`));
}
