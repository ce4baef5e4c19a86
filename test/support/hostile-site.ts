import { randomBytes } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const MB = 1024 * 1024;
const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } };

interface Body {
  bytes: Buffer;
  encoding?: string;
}

const bodies = (): Record<string, Body> => ({
  bomb: { bytes: gzipSync(Buffer.alloc(200 * MB)), encoding: 'gzip' },
  'brotli-bomb': { bytes: brotliCompressSync(Buffer.alloc(100 * MB), quick), encoding: 'br' },
  // Two bytes for each character of the text, and not ASCII.
  title: { bytes: Buffer.from(`<!doctype html><title>${'Größe \u2014 '.repeat(0.8 * MB)}</title>`) },
  latin: {
    bytes: Buffer.from(`<!doctype html><title>${'Gr\u00f6\u00dfe '.repeat(1.6 * MB)}</title>`, 'latin1'),
  },
  // Long packed and unpacked.
  packed: {
    bytes: gzipSync(Buffer.from(`<title>packed</title>${randomBytes(4.9 * MB).toString('hex')}`), {
      level: 1,
    }),
    encoding: 'gzip',
  },
  deep: { bytes: Buffer.from('<div>'.repeat(MB)) },
  many: { bytes: Buffer.from('<a href=/x>x</a><b>t</b>\n'.repeat(0.4 * MB)) },
});
const ENDLESS = Buffer.from('<p>and so on</p>\n'.repeat(4000));

/** Pages that would each take as much memory as they are given: `/<kind>/<anything>`. */
export class HostileSite {
  readonly kinds: string[];
  private readonly bodies = bodies();
  private readonly server: Server;

  constructor() {
    this.kinds = [...Object.keys(this.bodies), 'endless'];
    this.server = createServer((request, response) => {
      const kind = request.url!.split('/')[1]!;
      response.setHeader('content-type', 'text/html');
      if (kind === 'endless') return goOn(response);
      const body = this.bodies[kind];
      if (!body) return void response.writeHead(404).end();
      if (body.encoding) response.setHeader('content-encoding', body.encoding);
      response.end(body.bytes);
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function goOn(response: ServerResponse): void {
  const write = (): void => {
    while (!response.destroyed && response.write(ENDLESS));
  };
  response.on('drain', write);
  write();
}
