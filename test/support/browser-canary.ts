import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What nobody may reach: it takes every connection and datagram, and notes what for. */
export interface Canary {
  /** TCP, plain or TLS. */
  port: number;
  /** TCP that says nothing when it connects, such as a preconnect. */
  silentPort: number;
  udpPort: number;
  otherUdpPort: number;
  /** `img` for a request of `/k/img`; `tls`, `connected`, `udp`, `other-udp`; in the order of their first coming. */
  seen(): string[];
  /** Addresses that TCP connections came from. */
  from(): string[];
  close(): Promise<void>;
}

const portOf = (server: Server | UdpSocket): number => (server.address() as AddressInfo).port;

export async function startCanary(): Promise<Canary> {
  const seen = new Set<string>();
  const from = new Set<string>();
  const open = new Set<Socket>();
  const kindOf = (first: Buffer): string => {
    if (first[0] === 0x16) return 'tls';
    return /^[A-Z]+ \/k\/([\w-]+)/.exec(first.toString('latin1'))?.[1] ?? 'other';
  };
  const tcp = (name?: string): Promise<Server> => {
    const server = createServer((socket) => {
      open.add(socket);
      from.add((socket.remoteAddress ?? '').replace('::ffff:', ''));
      socket.on('close', () => open.delete(socket)).on('error', () => undefined);
      if (name !== undefined) seen.add(name);
      socket.once('data', (first) => {
        seen.add(name ?? kindOf(first));
        socket.end('HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 6\r\n\r\nsecret');
      });
    });
    return new Promise((resolve) => server.listen(0, '::', () => resolve(server)));
  };
  const udp = (name: string): Promise<UdpSocket> => {
    const socket = createSocket('udp4');
    socket.on('message', () => seen.add(name));
    return new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(socket)));
  };
  const [plain, silent] = [await tcp(), await tcp('connected')];
  const [stun, quic] = [await udp('udp'), await udp('other-udp')];
  return {
    ...{ port: portOf(plain), silentPort: portOf(silent) },
    ...{ udpPort: portOf(stun), otherUdpPort: portOf(quic) },
    seen: () => [...seen],
    from: () => [...from],
    close: async () => {
      for (const socket of open) socket.destroy();
      await Promise.all([
        ...[plain, silent].map((server) => new Promise((resolve) => server.close(resolve))),
        ...[stun, quic].map((socket) => new Promise<void>((resolve) => socket.close(resolve))),
      ]);
    },
  };
}
