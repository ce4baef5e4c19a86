import { join } from 'node:path';

/** Where things are under SPOOR_HOME. */
export const layout = (home: string) => ({
  nats: join(home, 'nats'),
  postgres: join(home, 'postgres'),
  logs: join(home, 'logs'),
  run: join(home, 'run'),
  state: join(home, 'run', 'servers.json'),
  users: join(home, 'run', 'users'),
  lock: join(home, 'run', 'lock'),
  secret: (name: string) => join(home, 'secrets', name),
});
