import type { Agent as HttpAgent, IncomingMessage } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { RequestFunction } from 'got';
import type { ProxyFault } from './proxy-fault.js';

export interface Agents {
  http: HttpAgent;
  https: HttpsAgent;
}

/** How one request leaves. */
export interface Hop {
  agents: Agents;
  /** Sends it in another form than to its own host. */
  request?: RequestFunction;
  /** Looks at an answer that may be the proxy's own. @throws ProxyFault */
  inspect?: (head: IncomingMessage) => void;
  /** What of a transport error can only have happened at the proxy. */
  explain?: (error: unknown) => ProxyFault | null;
}

/** How the requests of one fetch leave: straight to the target, or through the job's proxy and in no other way. */
export interface Way {
  /** @throws ProxyFault, BlockedAddressError */
  hop(url: string): Promise<Hop>;
  /**
   * A bare connection to the URL's host and port, for what is no request of ours.
   * @throws ProxyFault, BlockedAddressError, or an error of the transport
   */
  connect(url: string): Promise<Socket>;
  /** Whether the proxy is behind what went wrong; it is asked when that cannot be told. */
  faultBehind(error: unknown, signal: AbortSignal): Promise<ProxyFault | null>;
  /** Calls back when the proxy is found to have failed while a request waits. Returns what ends the watch. */
  watch(onFault: (fault: ProxyFault) => void): () => void;
}
