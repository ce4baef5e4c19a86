import { runSeed, type RunReport } from './run.js';

const USAGE = `npm run simulate -- [--seeds N] [--from N]   N runs, one after another; ends at the first that breaks a promise
npm run simulate -- --seed N                 one run, with all that happens in it`;

/**
 * @returns false when a promise was broken
 * @throws RangeError when the arguments are not understood
 */
export async function simulate(args: string[], say: (line: string) => void): Promise<boolean> {
  const options = parse(args);
  if (options.seed !== undefined) {
    const report = await runSeed(options.seed, { trace: true });
    for (const line of report.trace) say(line);
    say(describe(report));
    return report.failure === null;
  }
  const { from = 1, seeds = 1000 } = options;
  const began = process.hrtime.bigint();
  const total = { steps: 0, elapsed: 0, events: 0, visits: 0 };
  const seconds = (): number => Number(process.hrtime.bigint() - began) / 1e9;
  for (let n = 0; n < seeds; n++) {
    const report = await runSeed(from + n);
    for (const key of ['steps', 'elapsed', 'events', 'visits'] as const) total[key] += report[key];
    if (report.failure) {
      say(describe(report));
      say(`Again, with all that happens: npm run simulate -- --seed ${report.seed}`);
      return false;
    }
    if ((n + 1) % 1000 === 0) say(`${n + 1} seeds, ${((n + 1) / seconds()).toFixed(0)} a second`);
  }
  say(
    `${seeds} seeds, no promise broken: ${total.events} events, ${total.visits} requests, ${total.steps} steps, ` +
      `${(total.elapsed / 3_600_000).toFixed(1)} h of virtual time in ${seconds().toFixed(1)} s (${(seeds / seconds()).toFixed(0)} seeds/s)`,
  );
  return true;
}

function parse(args: string[]): { seed?: number; seeds?: number; from?: number } {
  const options: Record<string, number> = {};
  for (let i = 0; i < args.length; i += 2) {
    const name = /^--(seed|seeds|from)$/.exec(args[i]!)?.[1];
    const value = Number(args[i + 1]);
    if (!name || !Number.isSafeInteger(value) || value < 0) throw new RangeError(USAGE);
    options[name] = value;
  }
  return options;
}

const describe = ({ seed, failure, steps, elapsed, events }: RunReport): string =>
  `seed ${seed}: ${failure ? `${failure.oracle} broken: ${failure.text}` : 'no promise broken'} ` +
  `(${events} events, ${steps} steps, ${(elapsed / 1000).toFixed(1)} s of virtual time)`;
