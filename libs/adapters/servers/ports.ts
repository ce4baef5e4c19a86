import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { SpoorError } from '#libs/failures';

/** True when nobody listens on that port of the loopback address. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/**
 * A port of the loopback address that nobody listens on. It lies below the range that systems give to outgoing connections: a
 * client that keeps trying a dead port inside that range ends up connected to itself and holds the port.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (await isPortFree(port)) return port;
  }
}

/** `isPortTaken` recognises it: whoever may choose chooses another port. */
export const portTaken = (server: string, port: number): SpoorError =>
  new SpoorError('store_unavailable', `Port ${port}, which ${server} has to listen on, is taken.`, {
    field: 'port',
    hint: 'End the program that took it, or stop all Spoor processes of this SPOOR_HOME and start again.',
  });

export const isPortTaken = (error: unknown): boolean =>
  error instanceof SpoorError && error.details.field === 'port';
