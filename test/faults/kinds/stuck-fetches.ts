import type { ServerResponse } from 'node:http';
import type { Fault } from '../fault.js';

const DRIP_MS = 300;

/** The first answer of every ninth page never ends: nothing comes, or a byte now and then, or a head that promises more. */
export const stuckFetches: Fault = {
  name: 'stuck-fetches',
  about: 'servers that hold a request or drip an answer; the worker dies while it waits',
  site: {
    pages: 150,
    special: (path: string, response: ServerResponse, asked: number): boolean => {
      const n = Number(/^\/p\/(\d+)$/.exec(path)?.[1] ?? NaN);
      if (asked > 1 || n % 9 !== 4) return false;
      if (n % 3 === 0) return true;
      response.writeHead(200, { 'content-type': 'text/html', 'content-length': '100000' });
      if (n % 3 === 1) return (response.write('<title>'), true);
      const drip = setInterval(() => response.write('x'), DRIP_MS);
      response.on('close', () => clearInterval(drip));
      return true;
    },
  },
  spec: { limits: { timeoutMs: 1_500 } },
  inject: async (run) => {
    await run.moment(0.2, 0.7);
    if (!run.random.chance(0.5)) return;
    const worker = run.stage.part('worker');
    await run.kill(worker);
    worker.start();
  },
  // One more for each page that was stuck.
  allow: { repeats: 64 },
};
