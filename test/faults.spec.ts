import { COLUMNS, play, type Verdict } from './faults/harness/play.js';
import { Stages } from './faults/harness/stages.js';
import { faults } from './faults/registry.js';

/** One seed of those that have the most to tell; all of them, with more seeds: npm run faults. */
const QUICK = [
  'kill-worker-after-publish',
  'kill-projector-after-commit',
  'kill-coordinator-after-release',
  'kill-everything',
  'nats-crash',
  'postgres-crash',
  'lost-replies',
  'lost-publish-acks',
  'racing-commands',
  'freeze-worker',
];

const SEED = Number(process.env['SPOOR_FAULT_SEED'] ?? 1);

describe('faults, quick selection', () => {
  let stages: Stages;
  beforeAll(async () => {
    stages = await Stages.open();
  }, 60_000);
  afterAll(() => stages.close());

  const brokenIn = ({ broken }: Verdict): string[] =>
    COLUMNS.flatMap((column) =>
      (broken.get(column) ?? [`not looked at`]).map((text) => `${column}: ${text}`),
    );

  test.each(QUICK)(
    '%s: no oracle is violated',
    async (name) => {
      const fault = faults.find((one) => one.name === name)!;
      const verdict = await play(fault, SEED, stages);
      expect({ drawn: verdict.notes, broken: brokenIn(verdict) }).toEqual({
        drawn: verdict.notes,
        broken: [],
      });
    },
    180_000,
  );
});
