import { connect, type Socket } from 'node:net';
import { guardedLookup } from './dispatcher.js';
import { targetOf, type AddressGuard } from './guard.js';
import type { Agents, Way } from './way.js';

/** Straight to the target. */
export const directWay = (agents: Agents, guard: AddressGuard, timeoutMs: number): Way => ({
  hop: () => Promise.resolve({ agents }),
  connect: (url) => connectDirectly(guard, url, timeoutMs),
  faultBehind: () => Promise.resolve(null),
  watch: () => () => undefined,
});

/** A bare connection to the URL's host and port. @throws BlockedAddressError, or the socket's error */
async function connectDirectly(guard: AddressGuard, url: string, timeoutMs: number): Promise<Socket> {
  const { hostname, port } = targetOf(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const lookup = guardedLookup(guard, { host, port });
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, lookup });
    const timer = setTimeout(
      () => socket.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })),
      timeoutMs,
    );
    socket.once('close', () => clearTimeout(timer)).once('error', reject);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeListener('error', reject);
      resolve(socket);
    });
  });
}
