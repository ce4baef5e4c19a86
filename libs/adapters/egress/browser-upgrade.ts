import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { join } from './browser-connection.js';
import { byName, passedOn } from './browser-headers.js';
import { CapError } from './browser-refusals.js';
import { admit, type Serving } from './browser-requests.js';

/** A plain request that wants another protocol. A server that does not switch has refused what was asked for. */
export async function serveUpgrade(
  url: string,
  asked: IncomingMessage,
  browser: Duplex,
  by: Serving,
): Promise<void> {
  const { way, guard, meter, signal } = by;
  try {
    admit(url, guard);
    const outside = await way.connect(url);
    if (browser.destroyed || signal.aborted) return void outside.destroy();
    const [head, first] = await switched(url, asked, outside);
    browser.write(headOf(head));
    if (first.length > 0) browser.write(first);
    join(browser, outside, meter, {
      onFirstByte: () => undefined,
      onEnd: (error) => error instanceof CapError && by.refuse(url, error),
    });
  } catch (error) {
    by.refuse(url, error);
    browser.destroy();
  }
}

function switched(url: string, asked: IncomingMessage, outside: Socket): Promise<[IncomingMessage, Buffer]> {
  const { host } = new URL(url);
  const { Host: _, host: __, ...headers } = byName(passedOn(asked.rawHeaders));
  return new Promise((resolve, reject) => {
    const sent = httpRequest(new URL(url), {
      createConnection: () => outside,
      headers: { Host: host, ...headers, Connection: 'Upgrade', Upgrade: asked.headers.upgrade },
    });
    sent.once('upgrade', (head, _socket, first) => resolve([head, first]));
    sent.once('response', () => sent.destroy(new Error('the server did not switch')));
    sent.once('error', reject).end();
  });
}

function headOf({ statusCode, statusMessage, rawHeaders, headers }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  const list = passedOn(rawHeaders);
  for (let i = 0; i + 1 < list.length; i += 2) lines.push(`${list[i]}: ${list[i + 1]}`);
  lines.push('Connection: Upgrade', `Upgrade: ${headers.upgrade}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
