import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import got, { type Got, type Request } from 'got';
import { collect, type Collected, type CollectOptions } from './collect.js';
import type { Hop } from './way.js';

/** The server answered with a protocol switch that nobody asked for. */
export class UpgradeError extends Error {
  readonly code = 'SPOOR_UPGRADE';
}

/** Room for the headers of one answer; Node's own 16 KiB is too little for some real sites. */
const MAX_HEAD_BYTES = 64 * 1024;
/** A redirect's body up to here is read to keep the connection; a longer one costs more than a new connection. */
const MAX_DISCARD_BYTES = 16 * 1024;

/** got with everything off that is done here: one call is one request on the wire. It has no agents: each request brings its own. */
export function httpClient(): Got {
  return got.extend({
    decompress: false,
    followRedirect: false,
    throwHttpErrors: false,
    retry: { limit: 0 },
    maxHeaderSize: MAX_HEAD_BYTES,
    headers: {
      accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
      'accept-encoding': 'gzip, deflate, br',
    },
  });
}

/** One request and its answer. `fail` ends it in any state and frees the socket. */
export class Exchange {
  private readonly stream: Request;
  private request: ClientRequest | null = null;
  private failure: Error | null = null;
  private onFailure: (error: Error) => void = () => undefined;

  constructor(client: Got, url: string, userAgent: string, { agents, request }: Hop) {
    this.stream = client.stream(url, {
      headers: { 'user-agent': userAgent },
      // By name: got refuses whatever else the agents carry.
      agent: { http: agents.http, https: agents.https },
      ...(request ? { request } : {}),
    });
    this.stream.on('error', (error) => this.fail(error));
    this.stream.once('request', (request: ClientRequest) => (this.request = request));
    // got forwards this event, so Node takes it for handled and would leave the socket open for ever.
    this.stream.once('upgrade', (_response: IncomingMessage, socket: Duplex) => {
      socket.destroy();
      this.fail(new UpgradeError('upgrade'));
    });
  }

  /** True when the request went out on a kept connection, which the server may have closed in the same moment. */
  get reusedSocket(): boolean {
    return this.request?.reusedSocket === true;
  }

  head(): Promise<IncomingMessage> {
    return this.until((resolve, reject) =>
      this.stream.once('response', (head: IncomingMessage) => {
        if (head.statusCode !== 101) return resolve(head);
        // Without an Upgrade header Node takes it for an answer like any other.
        reject(new UpgradeError('upgrade'));
        this.stream.destroy();
      }),
    );
  }

  /** Body bytes as they came over the wire, at most `maxBytes`. */
  body(options: CollectOptions): Promise<Collected> {
    return this.until((resolve) => collect(this.stream, options, resolve, (error) => this.fail(error)));
  }

  /** The answer's body is of no interest: a short one is read in the background so that the connection can be used again. */
  discard(): void {
    let size = 0;
    this.stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_DISCARD_BYTES) this.stream.destroy();
    });
  }

  /** Ends whatever goes on; a finished exchange is left alone. */
  fail(error: Error): void {
    this.failure ??= error;
    this.stream.destroy();
    this.onFailure(this.failure);
  }

  /** Resolves when the socket is given back or gone. */
  async closed(): Promise<void> {
    if (!this.stream.closed) await once(this.stream, 'close');
  }

  private until<T>(begin: (resolve: (value: T) => void, reject: (error: Error) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.failure) return reject(this.failure);
      this.onFailure = reject;
      begin(resolve, reject);
    });
  }
}
