import { Agent as HttpAgent, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import { BlockedAddressError, type AddressGuard } from './guard.js';
import type { Agents } from './way.js';

export interface Connection {
  host?: string | null | undefined;
  port?: number | string | null | undefined;
  lookup?: LookupFunction;
}

declare module 'node:http' {
  // Documented since Node 0.11 and missing in the types of Node 20.
  interface Agent {
    createConnection(
      options: Connection,
      callback: (error: Error | null, socket?: Duplex) => void,
    ): Duplex | undefined;
  }
}

/**
 * How a connection to a target is made. Each way has agents of its own: a socket from a shared pool would have been opened
 * without the guard (or through another proxy).
 */
export interface Dispatcher {
  readonly agents: Agents;
  close(): void;
}

const POOL: AgentOptions = {
  keepAlive: true,
  // The most recently used socket is the least likely to have been closed by the server meanwhile.
  scheduling: 'lifo',
  maxFreeSockets: 32,
  // Closes idle sockets: a crawl over many hosts would otherwise keep one open for each.
  timeout: 8_000,
};

/**
 * The last check before a packet leaves: literals are judged here too, and names are resolved exactly once, to the addresses
 * that the socket then uses.
 */
export function guardedLookup(guard: AddressGuard, options: Connection): LookupFunction {
  const port = Number(options.port ?? 0);
  if (!guard.admitsHost(options.host ?? '', port)) throw new BlockedAddressError();
  return (hostname, lookupOptions, callback) => {
    guard.addressesOf(hostname, port).then(
      (addresses) => {
        const first = addresses[0];
        if (lookupOptions.all || first === undefined) callback(null, addresses);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, []),
    );
  };
}

class GuardedHttpAgent extends HttpAgent {
  constructor(private readonly guard: AddressGuard) {
    super(POOL);
  }
  override createConnection(
    options: Connection,
    callback: (error: Error | null) => void,
  ): Duplex | undefined {
    return super.createConnection({ ...options, lookup: guardedLookup(this.guard, options) }, callback);
  }
}

class GuardedHttpsAgent extends HttpsAgent {
  constructor(private readonly guard: AddressGuard) {
    super(POOL);
  }
  override createConnection(
    options: Connection,
    callback: (error: Error | null) => void,
  ): Duplex | undefined {
    return super.createConnection({ ...options, lookup: guardedLookup(this.guard, options) }, callback);
  }
}

/** Straight to the target, every address checked. */
export function directDispatcher(guard: AddressGuard): Dispatcher {
  const agents = { http: new GuardedHttpAgent(guard), https: new GuardedHttpsAgent(guard) };
  return {
    agents,
    close: () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}
