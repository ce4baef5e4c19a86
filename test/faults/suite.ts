import { COLUMNS, isWhole, play, type Verdict } from './harness/play.js';
import { Stages } from './harness/stages.js';
import { faults } from './registry.js';

const USAGE = `npm run faults [-- --runs N]                  N runs of each fault (3), from seeds that follow one another
npm run faults -- --fault a,b [--runs N]     of some faults: those whose name begins so
npm run faults -- --fault name --seed N      one run again, with what was drawn`;

interface Options {
  seed: number;
  runs: number;
  /** Beginnings of names. */
  fault: string[];
  isOne: boolean;
}

/**
 * Strikes the engine with every fault and prints what became of it.
 * @returns false when anything was broken
 * @throws RangeError when the arguments are not understood
 */
export async function runFaults(args: string[], say: (line: string) => void): Promise<boolean> {
  const options = parse(args);
  const chosen = faults.filter(({ name }) => options.fault.some((wanted) => name.startsWith(wanted)));
  if (chosen.length === 0)
    throw new RangeError(`${USAGE}\n\nFaults: ${faults.map(({ name }) => name).join(', ')}`);
  const began = performance.now();
  const stages = await Stages.open();
  const verdicts: Verdict[] = [];
  const left: string[] = [];
  try {
    for (const fault of chosen) {
      const missing = fault.missing?.() ?? null;
      if (missing !== null) {
        left.push(`${fault.name}: ${missing}`);
        say(`left out  ${fault.name}: ${missing}`);
        continue;
      }
      for (let n = 0; n < options.runs; n++) {
        const verdict = await play(fault, options.seed + n, stages);
        verdicts.push(verdict);
        for (const line of told(verdict, options.isOne)) say(line);
      }
    }
  } finally {
    await stages.close();
  }
  say('');
  for (const line of table(verdicts)) say(line);
  const broken = verdicts.filter((verdict) => !isWhole(verdict));
  say('');
  for (const { fault, seed } of broken) say(`again: npm run faults -- --fault ${fault} --seed ${seed}`);
  say(
    `${verdicts.length} runs of ${chosen.length - left.length} faults in ${((performance.now() - began) / 60_000).toFixed(1)} min: ` +
      `${broken.length === 0 ? 'no oracle violated' : `${broken.length} runs with a violated oracle`}` +
      `${left.length > 0 ? `; left out: ${left.join('; ')}` : ''}`,
  );
  return broken.length === 0;
}

function* told(verdict: Verdict, withNotes: boolean): Generator<string> {
  const { fault, seed, ms, broken, notes } = verdict;
  const whole = isWhole(verdict);
  yield `${whole ? 'ok      ' : 'VIOLATED'}  ${fault.padEnd(30)} seed ${seed}  ${(ms / 1000).toFixed(1)} s`;
  if (whole && !withNotes) return;
  yield `    drawn: ${notes.join('; ')}`;
  for (const [column, texts] of broken) for (const text of texts.slice(0, 8)) yield `    ${column}  ${text}`;
}

/** One line for each fault: how many of its runs broke which oracle, and with which seeds it ran. */
function* table(verdicts: Verdict[]): Generator<string> {
  yield `${'fault'.padEnd(32)}${COLUMNS.map((column) => column.padEnd(6)).join('')}seeds`;
  for (const name of new Set(verdicts.map(({ fault }) => fault))) {
    const runs = verdicts.filter(({ fault }) => fault === name);
    const cells = COLUMNS.map((column) => {
      const violated = runs.filter(({ broken }) => (broken.get(column)?.length ?? 0) > 0).length;
      const seen = runs.some(({ broken }) => broken.has(column));
      return (violated > 0 ? `✗ ${violated}` : seen ? 'ok' : '–').padEnd(6);
    });
    yield `${name.padEnd(32)}${cells.join('')}${runs.map(({ seed }) => seed).join(' ')}`;
  }
}

function parse(args: string[]): Options {
  const given: Record<string, string> = {};
  for (let i = 0; i < args.length; i += 2) {
    const name = /^--(seed|runs|fault)$/.exec(args[i]!)?.[1];
    const value = args[i + 1];
    if (!name || value === undefined || (name !== 'fault' && !/^\d{1,9}$/.test(value)))
      throw new RangeError(USAGE);
    given[name] = value;
  }
  const isOne = given['seed'] !== undefined && given['runs'] === undefined;
  return {
    seed: Number(given['seed'] ?? 1),
    runs: Number(given['runs'] ?? (isOne ? 1 : 3)),
    fault: (given['fault'] ?? '').split(','),
    isOne,
  };
}
