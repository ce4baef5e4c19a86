import { readFileSync } from 'node:fs';
import type { Fault } from '../fault.js';

const MOST_MEMORY_KB = 400 * 1024;

export const slowProjector: Fault = {
  name: 'slow-projector',
  about: 'the projector gets a small share of the time, and a slow way to Postgres',
  inject: async (run) => {
    const projector = run.stage.part('projector');
    run.stage.relay('projector-postgres').slow({ delayMs: 30, bytesPerSecond: 200_000 });
    for (let pulses = run.random.int(10, 25); pulses > 0; pulses--) {
      projector.freeze();
      await run.pause(100, 400);
      projector.thaw();
      await run.pause(20, 60);
    }
  },
  check: ({ stage }) => {
    const kept = /VmHWM:\s+(\d+) kB/.exec(
      readFileSync(`/proc/${stage.part('projector').pid}/status`, 'utf8'),
    );
    const kb = Number(kept?.[1] ?? 0);
    return kb < MOST_MEMORY_KB ? [] : [`the projector has grown to ${Math.round(kb / 1024)} MB`];
  },
};
