import { isSharedVariable } from '#libs/events';
import { SpoorError } from '#libs/failures';

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

/**
 * A proxy may be named by the environment variable that holds it. Who may start jobs could otherwise learn which variables there are,
 * and use what was meant for others.
 * @param body of a start, a resume or a fork, as it was sent
 * @throws SpoorError forbidden
 */
export function refuseForeignSecrets(body: unknown): void {
  for (const proxy of [field(body, 'proxy'), field(field(body, 'changes'), 'proxy')]) {
    const pool = field(proxy, 'pool');
    const places = [field(proxy, 'url'), ...(Array.isArray(pool) ? (pool as unknown[]) : [])];
    for (const place of places) {
      const name = field(place, 'env');
      if (typeof name === 'string' && !isSharedVariable(name)) throw notShared();
    }
  }
}

const notShared = (): SpoorError =>
  new SpoorError('forbidden', 'proxy: this key may not name that environment variable.', {
    field: 'proxy',
    hint: 'Keys without the scope admin may name variables that begin with SPOOR_PROXY_.',
  });
