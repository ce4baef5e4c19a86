import { setTimeout as sleep } from 'node:timers/promises';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { subjects } from '#libs/events';
import type { NodeDesk, ScrapeNode } from '#libs/engine/ports';
import type { AdapterLogger } from '../logger.js';
import { pack, stateHeaders } from './parts.js';

const BEAT_MS = 1000;
const FLUSH_MS = 2000;
const DEFAULT_PAYLOAD = 1024 * 1024;

type Handle = (request: unknown, signal: AbortSignal) => Promise<unknown>;

/** Where a node takes requests, by its own name and by its region's. */
export class NatsNodeDesk implements NodeDesk {
  constructor(
    private readonly nc: NatsConnection,
    private readonly logger: AdapterLogger,
  ) {}

  serve(self: Omit<ScrapeNode, 'busy'>, handle: Handle): { close(graceMs: number): Promise<void> } {
    const underWay = new Map<string, AbortController>();
    let calls = 0;
    const take = (message: Msg): void => {
      const { reply } = message;
      if (!reply) return;
      if (underWay.size >= self.slots)
        return void this.send(reply, undefined, { headers: stateHeaders('busy') });
      const call = (calls++).toString(36);
      const gone = new AbortController();
      underWay.set(call, gone);
      const probe = subjects.nodeProbe(self.id, call);
      const beat = (): void =>
        this.send(reply, undefined, { headers: stateHeaders('working'), reply: probe });
      beat();
      const beating = setInterval(beat, BEAT_MS);
      void this.answer(message, reply, handle, gone.signal).finally(() => {
        clearInterval(beating);
        underWay.delete(call);
      });
    };
    const queue = subjects.NODE_QUEUE;
    const callback = (error: Error | null, message: Msg): void => {
      if (error === null) take(message);
      else this.logger.error(`NATS does not let this node take requests: ${error.message}`);
    };
    const taking = [subjects.requestsOfNode(self.id), subjects.requestsOfRegion(self.region)].map((subject) =>
      this.nc.subscribe(subject, { queue, callback }),
    );
    const census = this.nc.subscribe(subjects.nodeCensus, {
      callback: (error, message) => {
        if (error === null) message.respond(JSON.stringify({ ...self, busy: underWay.size }));
      },
    });
    // A beat that nobody hears comes back: who asked has gone, or has given up.
    const probes = this.nc.subscribe(subjects.probesOfNode(self.id), {
      callback: (error, message) => {
        if (error === null && message.headers?.code === 503)
          underWay.get(message.subject.slice(message.subject.lastIndexOf('.') + 1))?.abort();
      },
    });
    return {
      close: async (graceMs) => {
        if (this.nc.isClosed()) return;
        for (const one of [...taking, census]) one.unsubscribe();
        const until = performance.now() + graceMs;
        while (underWay.size > 0 && performance.now() < until) await sleep(20);
        for (const gone of underWay.values()) gone.abort();
        await Promise.race([
          this.nc.flush().catch(() => undefined),
          sleep(FLUSH_MS, undefined, { ref: false }),
        ]);
        probes.unsubscribe();
      },
    };
  }

  private async answer(message: Msg, reply: string, handle: Handle, signal: AbortSignal): Promise<void> {
    let request: unknown = null;
    try {
      request = JSON.parse(message.string());
    } catch {
      // Refused by whoever checks it.
    }
    const answer = await handle(request, signal);
    if (signal.aborted) return;
    for (const { data, headers } of await pack(answer, this.nc.info?.max_payload ?? DEFAULT_PAYLOAD))
      this.send(reply, data, { headers });
  }

  private send(
    to: string,
    data: Uint8Array | undefined,
    options: Parameters<NatsConnection['publish']>[2],
  ): void {
    try {
      this.nc.publish(to, data, options);
    } catch {
      // Closed: whoever waits learns it from the silence.
    }
  }
}
