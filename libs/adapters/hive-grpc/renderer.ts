import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  credentials,
  Metadata,
  status,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import type { Renderer, RenderOutcome, RenderRequest, WorkerAnswer } from '#libs/engine/ports';
import { SpoorError } from '#libs/failures';
import { isBusy, outcomeOf } from './outcome.js';
import { loadProto } from './proto.js';
import { fromWire, type WireAnswer, type WirePage } from './wire.js';

export interface HiveRendererOptions {
  /** `host:port` of the coordinator. */
  address: string;
  /** Sent with each call; null: it asks for none. */
  key: string | null;
  maxMessageBytes: number;
}

/** What the service gets on top of the page's time before it counts as silent, ms. */
const ANSWER_GRACE_MS = 15_000;
/** A service that has no room is asked again for so long before the page is put off, ms. */
const PATIENCE_MS = 20_000;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 1000;

/** The wire's request without what only one of the two services has. */
type WireRequest = Omit<WirePage, 'contextId'> & { sessionId: string };

/** Renders through the coordinator of a browser service. */
export function createHiveRenderer(options: HiveRendererOptions): Renderer & { close(): void } {
  return new HiveRenderer(options);
}

class HiveRenderer implements Renderer {
  private readonly client: Client;
  private readonly service = loadProto('coordinator.proto')[
    'scraper.coordinator.ScraperCoordinator'
  ] as ServiceDefinition;

  constructor(private readonly options: HiveRendererOptions) {
    const { address, maxMessageBytes } = options;
    this.client = new Client(address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.max_send_message_length': maxMessageBytes,
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 5_000,
      'grpc.initial_reconnect_backoff_ms': 250,
      'grpc.max_reconnect_backoff_ms': 2_000,
      'grpc.enable_retries': 0,
    });
  }

  async render(request: RenderRequest): Promise<RenderOutcome> {
    const { signal } = request;
    const patience = performance.now() + PATIENCE_MS;
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      signal.throwIfAborted();
      const startedAt = Date.now();
      const started = performance.now();
      const answer = await this.call(request);
      const timing = { startedAt, durationMs: Math.round((performance.now() - started) * 10) / 10 };
      const mayTryAgain = performance.now() + wait < patience;
      if (answer === 'too_late')
        return {
          ...{ ok: false, code: 'timeout', statusCode: 0, finalUrl: request.url, redirects: [], timing },
          message: `The page was not there within ${request.timeoutMs} ms`,
        };
      if (answer === 'too_large')
        return {
          ...{
            ok: false,
            code: 'render_failed',
            statusCode: 0,
            finalUrl: request.url,
            redirects: [],
            timing,
          },
          message: 'The rendered page is too large to be handed over',
        };
      if (answer !== 'away' && !(isBusy(answer) && mayTryAgain)) return outcomeOf(answer, request, timing);
      if (answer === 'away' && !mayTryAgain)
        throw new SpoorError('browser_unavailable', 'The browser service does not answer');
      await sleep(wait, undefined, { signal });
    }
  }

  close(): void {
    this.client.close();
  }

  private call(request: RenderRequest): Promise<WorkerAnswer | Lost> {
    const { path, requestSerialize, responseDeserialize } = this.service['ScrapePage']!;
    const metadata = new Metadata();
    if (this.options.key !== null) metadata.set('authorization', `Bearer ${this.options.key}`);
    const { signal, timeoutMs } = request;
    return new Promise((resolve, reject) => {
      const abort = (): void => call.cancel();
      const call = this.client.makeUnaryRequest<WireRequest, WireAnswer>(
        ...([path, requestSerialize, responseDeserialize, wireOf(request), metadata] as const),
        { deadline: Date.now() + timeoutMs + ANSWER_GRACE_MS },
        (error, answer) => {
          signal.removeEventListener('abort', abort);
          if (signal.aborted) return reject(signal.reason as Error);
          if (answer && !error) return resolve(fromWire(answer));
          try {
            resolve(lostBy(error));
          } catch (refused) {
            reject(refused as Error);
          }
        },
      );
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}

type Lost = 'away' | 'too_late' | 'too_large';

/** @throws SpoorError browser_unavailable for what no second try mends */
function lostBy(error: ServiceError | null): Lost {
  if (error?.code === status.DEADLINE_EXCEEDED) return 'too_late';
  if (error?.code === status.RESOURCE_EXHAUSTED) return 'too_large';
  if (error?.code === status.UNAUTHENTICATED)
    throw new SpoorError(
      'browser_unavailable',
      'The browser service does not know the key in SPOOR_HIVE_KEY',
      {
        field: 'SPOOR_HIVE_KEY',
      },
    );
  if (error?.code === status.UNIMPLEMENTED)
    throw new SpoorError('browser_unavailable', 'What answers at SPOOR_HIVE_ADDRESS is no browser service', {
      field: 'SPOOR_HIVE_ADDRESS',
    });
  return 'away';
}

function wireOf(request: RenderRequest): WireRequest {
  const { url, how, waitFor = '', timeoutMs, jobId, proxy, maxBodyBytes, userAgent } = request;
  return {
    ...{ url, scopeName: how.scope, waitStrategy: how.waitUntil, waitSelector: waitFor },
    ...{ sessionId: '', skipSelector: '', rayId: '', countryCode: '' },
    timeoutSeconds: Math.max(1, Math.ceil(timeoutMs / 1000)),
    waitTimeoutMs: Math.max(1, how.waitMs),
    render: {
      ...{ jobId, userAgent, screenshot: how.screenshot, har: how.har, maxContentBytes: maxBodyBytes },
      proxyJson: proxy ? JSON.stringify(proxy.spec) : '',
      proxySession: proxy?.session ?? '',
      contentAnyway: true,
    },
  };
}
