import type { Fault } from '../fault.js';

export const killEverything: Fault = {
  name: 'kill-everything',
  about: 'kill -9 of all parts and both servers at once, as when the machine goes',
  inject: async (run) => {
    await run.moment();
    const { parts, nats, postgres } = run.stage;
    run.note('kill -9 of everything');
    await Promise.all([...parts.map((part) => part.kill9()), nats.crash(), postgres.crash()]);
  },
};
