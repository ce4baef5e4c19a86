import type { Fault } from '../fault.js';
import { LINKS } from '../harness/stage.js';
import type { Run } from '../harness/run.js';

const onAll = (run: Run, work: (relay: ReturnType<Run['stage']['relay']>) => void): void => {
  for (const link of LINKS) work(run.stage.relay(link));
};

/** Deliveries of one batch, at most: a slow network is no reason to do work twice. */
const MOST_REPEATS = 8;

const slow: Fault = {
  name: 'slow-links',
  about: 'all ways take 50 to 250 ms longer, with as much jitter',
  site: { pages: 120 },
  inject: async (run) => {
    await run.moment(0.05, 0.3);
    const delayMs = Math.round(run.random.between(50, 250));
    run.note(`${delayMs} ms`);
    onAll(run, (relay) => relay.slow({ delayMs, jitterMs: delayMs }));
    await run.pause(4_000, 8_000);
  },
  allow: { repeats: MOST_REPEATS },
};

const thin: Fault = {
  name: 'thin-links',
  about: 'all ways carry 10 to 40 kB/s and no more',
  site: { pages: 120 },
  inject: async (run) => {
    await run.moment(0.05, 0.3);
    const bytesPerSecond = run.random.int(10_000, 40_000);
    run.note(`${bytesPerSecond} B/s`);
    onAll(run, (relay) => relay.slow({ bytesPerSecond }));
    await run.pause(4_000, 8_000);
  },
};

const oneWay: Fault = {
  name: 'one-way-loss',
  about: 'nothing arrives in one direction of a link; it comes late, or the connection breaks',
  inject: async (run) => {
    await run.moment(0.1, 0.6);
    const link = run.random.pick(LINKS);
    const direction = run.random.pick(['up', 'down'] as const);
    const isLost = run.random.chance(0.5);
    run.note(`${link}, ${direction}, ${isLost ? 'lost' : 'late'}`);
    const relay = run.stage.relay(link);
    relay.stall(direction);
    await run.pause(2_000, 10_000);
    if (isLost) relay.breakAll();
    relay.mend();
  },
  allow: { afterCommit: 32 },
};

const lostReplies: Fault = {
  name: 'lost-replies',
  about: 'what is sent arrives, the answers do not, and then the connection breaks',
  inject: async (run) => {
    for (let left = run.random.int(2, 4); left > 0; left--) {
      await run.moment(0.1, 0.9 - 0.15 * left);
      const link = run.random.pick(LINKS);
      run.note(link);
      const relay = run.stage.relay(link);
      relay.watch((direction) => (direction === 'down' ? 'drop' : 'pass'));
      await run.pause(50, 400);
      relay.breakAll();
      relay.mend();
    }
  },
  allow: { repeats: 64, afterCommit: 32 },
};

export const weather: Fault[] = [slow, thin, oneWay, lostReplies];
