import { connect, type Socket } from 'node:net';
import type { BrowserEgress } from '#libs/engine/ports';

/** What came back before the connection ended, head and all. */
export interface Said {
  text: string;
  socket: Socket;
}

export const authorization = ({ username, password }: BrowserEgress): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** Speaks to the egress as a browser does, and reads until `enough`. */
export function say(egress: BrowserEgress, text: string, enough: (said: string) => boolean): Promise<Said> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(egress.server).port), '127.0.0.1');
    const said: Said = { text: '', socket };
    socket.on('error', () => undefined).on('close', () => resolve(said));
    socket.on('data', (chunk: Buffer) => {
      said.text += chunk.toString('latin1');
      if (enough(said.text)) resolve(said);
    });
    socket.write(text);
  });
}

export const headEnded = (said: string): boolean => said.includes('\r\n\r\n');
export const CONNECT = (egress: BrowserEgress, authority: string): Promise<Said> =>
  say(
    egress,
    `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: ${authorization(egress)}\r\n\r\n`,
    headEnded,
  );
export const GET = (egress: BrowserEgress, url: string, more = ''): Promise<Said> =>
  say(
    egress,
    `GET ${url} HTTP/1.1\r\nHost: x\r\nProxy-Authorization: ${authorization(egress)}\r\n${more}Connection: close\r\n\r\n`,
    () => false,
  );
