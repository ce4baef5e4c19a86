import { runSeed, simulate } from './index.js';

const SEEDS = 200;
/** So many make one test: a failure names its seed, and none takes long. */
const TOGETHER = 20;

describe('the engine under faults, in virtual time', () => {
  const firsts = Array.from({ length: SEEDS / TOGETHER }, (_, n) => n * TOGETHER + 1);

  test.each(firsts)('keeps its promises from seed %i on', async (first) => {
    for (let seed = first; seed < first + TOGETHER; seed++) {
      const { failure } = await runSeed(seed);
      // The seed stands in what is compared: npm run simulate -- --seed N shows all of it.
      expect({ seed, failure }).toEqual({ seed, failure: null });
    }
  });

  test('a seed gives the same run each time, step by step', async () => {
    const one = await runSeed(11, { trace: true });
    const other = await runSeed(11, { trace: true });
    expect(one.trace.length).toBeGreaterThan(100);
    expect(other).toEqual(one);
  });

  test('seeds strike with everything there is, and everything happens in spite of it', async () => {
    const missing = new Set([
      ...['crash', 'freeze', 'cut', 'drain', 'nats-restart', 'database-crash', 'rebuild', 'proxy-down'],
      ...[
        'PageFetched',
        'FetchFailed',
        'FetchRetried',
        'PageSkipped',
        'JobPaused',
        'JobStopped',
        'JobResumed',
      ],
      ...['JobRestarted', 'JobCompleted', 'ProxyFailed', 'PagesRequeued'],
      ...['another coordinator leads', 'not acknowledged in time', 'worker_died', 'answer lost'],
    ]);
    for (let seed = 1; seed <= 100 && missing.size > 0; seed++) {
      const text = (await runSeed(seed, { trace: true })).trace.join('\n');
      for (const word of missing) if (text.includes(word)) missing.delete(word);
    }
    expect([...missing]).toEqual([]);
  });
});

describe('the command', () => {
  const said: string[] = [];

  beforeEach(() => said.splice(0));

  test('says how many runs kept every promise', async () => {
    expect(await simulate(['--seeds', '3'], (line) => said.push(line))).toBe(true);
    expect(said.at(-1)).toMatch(/^3 seeds, no promise broken: \d+ events/);
  });

  test('shows all that happens in one run', async () => {
    expect(await simulate(['--seed', '3'], (line) => said.push(line))).toBe(true);
    expect(said.length).toBeGreaterThan(50);
    expect(said.at(-1)).toMatch(/^seed 3: no promise broken/);
  });

  test('refuses what it does not understand', async () => {
    await expect(simulate(['--sedes', '3'], () => undefined)).rejects.toThrow('npm run simulate');
    await expect(simulate(['--seeds', 'many'], () => undefined)).rejects.toThrow('npm run simulate');
  });
});
