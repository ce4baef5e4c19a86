import type { Fault } from '../fault.js';
import type { ServerName } from '../harness/stage.js';

const NAMES: ServerName[] = ['nats', 'postgres'];

/** At once up again. Postgres crashes by an immediate shutdown, NATS by SIGKILL. */
const restarts: Fault[] = NAMES.flatMap((name) =>
  (['crash', 'stop'] as const).map((how) => ({
    name: `${name}-${how === 'crash' ? 'crash' : 'restart'}`,
    about: `${name} ${how === 'crash' ? 'dies' : 'is stopped in good order'} and comes back at once`,
    inject: async (run) => {
      for (let left = run.random.int(1, 2); left > 0; left--) {
        await run.moment(0.1, left === 2 ? 0.4 : 0.8);
        run.note(`${how} ${name}`);
        const server = run.stage.server(name);
        await server[how]();
        await server.start();
      }
    },
    allow: { repeats: 64 },
  })),
);

/** Away for longer than a call to the log goes on trying. */
const outages: Fault[] = NAMES.map((name) => ({
  name: `${name}-down`,
  about: `${name} is away for 6 to 12 s, longer than any call is tried`,
  inject: async (run) => {
    await run.moment();
    const server = run.stage.server(name);
    await server[run.random.pick(['crash', 'stop'] as const)]();
    await run.pause(6_000, 12_000);
    await server.start();
  },
}));

export const servers: Fault[] = [...restarts, ...outages];
