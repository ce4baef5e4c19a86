import type { Fault } from '../fault.js';
import { ROLES } from '../harness/part.js';

const SOON_MS = 15_000;

export const sigterm: Fault[] = ROLES.map((role) => ({
  name: `sigterm-${role}`,
  about: `SIGTERM of the ${role} with work in flight: it ends by itself, with code 0, and another one goes on`,
  inject: async (run) => {
    await run.moment(0.1, 0.8);
    const part = run.stage.part(role);
    const began = performance.now();
    const code = await part.end('SIGTERM');
    const ms = Math.round(performance.now() - began);
    run.note(`ended with ${code} after ${ms} ms`);
    if (code !== 0)
      throw new Error(`told to end, the ${role} ended with ${code}: ${part.output.slice(-500)}`);
    if (ms > SOON_MS) throw new Error(`told to end, the ${role} took ${ms} ms`);
    part.start();
    await part.ready();
  },
}));
