import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

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
