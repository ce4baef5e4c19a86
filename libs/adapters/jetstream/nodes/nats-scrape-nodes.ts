import { randomUUID } from 'node:crypto';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { z } from 'zod';
import { subjects } from '#libs/events';
import {
  NodeUnavailableError,
  type NodeRoute,
  type NodeTrouble,
  type ScrapeNode,
  type ScrapeNodes,
} from '#libs/engine/ports';
import { Parts, stateOf, unpack } from './parts.js';

export interface NodesOptions {
  /** A node that says nothing for so long is not there any more, ms; it says that it works every second. */
  silenceMs?: number;
  /** From question to answer, ms: a fetch takes 30 s at most. */
  totalMs?: number;
}

const CENSUS_MS = 500;
const scrapeNode: z.ZodType<ScrapeNode> = z.object({
  ...{ id: z.string(), region: z.string(), slots: z.number(), busy: z.number() },
});

const subjectOf = (route: NodeRoute): string =>
  'node' in route ? subjects.requestsOfNode(route.node) : subjects.requestsOfRegion(route.region);

/** Asks nodes over core NATS. A queue group has each question reach one node; where none listens the server says so at once. */
export class NatsScrapeNodes implements ScrapeNodes {
  private readonly silenceMs: number;
  private readonly totalMs: number;

  constructor(
    private readonly nc: NatsConnection,
    { silenceMs = 5000, totalMs = 35_000 }: NodesOptions = {},
  ) {
    [this.silenceMs, this.totalMs] = [silenceMs, totalMs];
  }

  async call(route: NodeRoute, request: unknown, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted();
    const bytes = await new Promise<Buffer>((resolve, reject) => {
      // Nobody who cannot read it can answer in a node's place.
      const answers = subjects.nodeAnswers(randomUUID());
      const parts = new Parts();
      const fail = (error: unknown): void => end(() => reject(error));
      const trouble = (what: NodeTrouble): void => fail(new NodeUnavailableError(what));
      const silence = setTimeout(() => trouble('silent'), this.silenceMs);
      const tooLate = setTimeout(() => trouble('silent'), this.totalMs);
      const onAbort = (): void => fail(new DOMException('The call was given up', 'AbortError'));
      signal.addEventListener('abort', onAbort, { once: true });
      let subscription: Subscription | null = null;
      let ended = false;
      const end = (settle: () => void): void => {
        if (ended) return;
        ended = true;
        clearTimeout(silence);
        clearTimeout(tooLate);
        signal.removeEventListener('abort', onAbort);
        if (!this.nc.isClosed()) subscription?.unsubscribe();
        settle();
      };
      const onMessage = (error: Error | null, message: Msg): void => {
        if (ended) return;
        if (error !== null || message.headers?.code === 503) return trouble('nobody');
        silence.refresh();
        const state = stateOf(message);
        if (state === 'busy') return trouble('busy');
        if (state !== null) return;
        try {
          const whole = parts.add(message);
          if (whole !== null) end(() => resolve(whole));
        } catch {
          trouble('broken');
        }
      };
      try {
        subscription = this.nc.subscribe(answers, { callback: onMessage });
        this.nc.publish(subjectOf(route), JSON.stringify(request), { reply: answers });
      } catch {
        // The connection is closed.
        trouble('nobody');
      }
    });
    return unpack(bytes).catch(() => {
      throw new NodeUnavailableError('broken');
    });
  }

  async census(): Promise<ScrapeNode[]> {
    const found = new Map<string, ScrapeNode>();
    const replies = await this.nc.requestMany(subjects.nodeCensus, '', {
      strategy: 'timer',
      maxWait: CENSUS_MS,
    });
    try {
      for await (const message of replies) {
        const { data } = scrapeNode.safeParse(JSON.parse(message.string()));
        if (data) found.set(data.id, data);
      }
    } catch {
      // Nobody is there, or somebody talks nonsense.
    }
    return [...found.values()].sort((a, b) => a.id.localeCompare(b.id));
  }
}
