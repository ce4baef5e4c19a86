import type { AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { HttpProxyAgent, HttpsProxyAgent } from 'hpagent';
import type { Connection } from './dispatcher.js';
import { openTunnel, type TunnelOptions } from './proxy-tunnel.js';
import type { Agents } from './way.js';

type Done = (error: Error | null, socket?: Duplex) => void;

const poolOf = (keepAlive: boolean): AgentOptions => ({
  keepAlive,
  scheduling: 'lifo',
  maxFreeSockets: 32,
  timeout: 8_000,
});

const targetOf = ({ host, port }: Connection, standard: number) => ({
  host: host ?? '',
  port: Number(port) || standard,
});

/** hpagent's agents, with a tunnel of our own below: theirs keeps the proxy's answer to itself. */
class TunnelHttpAgent extends HttpProxyAgent {
  constructor(
    private readonly tunnel: TunnelOptions,
    keepAlive: boolean,
  ) {
    super({ ...poolOf(keepAlive), proxy: tunnel.endpoint.url });
  }
  override createConnection(options: Connection, callback: Done): undefined {
    openTunnel(targetOf(options, 80), this.tunnel).then((socket) => callback(null, socket), callback);
  }
}

class TunnelHttpsAgent extends HttpsProxyAgent {
  constructor(
    private readonly tunnel: TunnelOptions,
    keepAlive: boolean,
  ) {
    super({ ...poolOf(keepAlive), proxy: tunnel.endpoint.url });
  }
  override createConnection(options: Connection, callback: Done): undefined {
    openTunnel(targetOf(options, 443), this.tunnel).then((socket) => {
      // TLS as Node's own agent does it, with its cache of sessions.
      const secure = HttpsAgent.prototype.createConnection.call(
        this,
        { ...options, socket },
        () => undefined,
      );
      callback(null, secure);
    }, callback);
  }
}

export interface TunnelAgents extends Agents {
  close(): void;
}

/** Connections of one proxy and session: shared by its requests when `keepAlive`, else one for each. */
export function tunnelAgents(options: TunnelOptions, keepAlive: boolean): TunnelAgents {
  const http = new TunnelHttpAgent(options, keepAlive);
  const https = new TunnelHttpsAgent(options, keepAlive);
  return {
    http,
    https,
    close: () => {
      http.destroy();
      https.destroy();
    },
  };
}
