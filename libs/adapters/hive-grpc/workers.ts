import {
  Client,
  credentials,
  Metadata,
  status,
  type ServiceError,
  type ClientUnaryCall,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { HiveCallError, type HiveWorkers, type WorkerAnswer, type WorkerRequest } from '#libs/engine/ports';
import { loadProto } from './proto.js';
import { fromWire, type WireAnswer, type WirePage } from './wire.js';

export interface HiveWorkersOptions {
  /** Sent with each call; null: the workers ask for none. */
  key: string | null;
  maxMessageBytes: number;
}

/** How long a channel without calls is kept, ms. */
const IDLE_MS = 5 * 60_000;

/** Calls workers over gRPC; one channel for each address. */
export function createHiveWorkers(options: HiveWorkersOptions): HiveWorkers {
  return new GrpcWorkers(options);
}

class GrpcWorkers implements HiveWorkers {
  private readonly clients = new Map<string, Client>();
  private readonly service = loadProto('worker.proto')['scraper.worker.WorkerService'] as ServiceDefinition;

  constructor(private readonly options: HiveWorkersOptions) {}

  scrape(
    address: string,
    request: WorkerRequest,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<WorkerAnswer> {
    const { path, requestSerialize, responseDeserialize } = this.service['ScrapePage']!;
    const metadata = new Metadata();
    if (this.options.key !== null) metadata.set('authorization', `Bearer ${this.options.key}`);
    return new Promise((resolve, reject) => {
      let call: ClientUnaryCall | null = null;
      const abort = (): void => call?.cancel();
      call = this.clientOf(address).makeUnaryRequest<WirePage, WireAnswer>(
        ...([path, requestSerialize, responseDeserialize, request satisfies WirePage, metadata] as const),
        { deadline: Date.now() + timeoutMs },
        (error, answer) => {
          signal.removeEventListener('abort', abort);
          if (error) reject(failureOf(error));
          else if (answer) resolve(fromWire(answer));
          else reject(new HiveCallError('unreachable'));
        },
      );
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
    });
  }

  private clientOf(address: string): Client {
    const known = this.clients.get(address);
    if (known) return known;
    const client = new Client(address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': this.options.maxMessageBytes,
      'grpc.max_send_message_length': this.options.maxMessageBytes,
      // A machine that vanished says nothing; one whose process died says so at once.
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 5_000,
      'grpc.client_idle_timeout_ms': IDLE_MS,
      'grpc.initial_reconnect_backoff_ms': 250,
      'grpc.max_reconnect_backoff_ms': 2_000,
      'grpc.enable_retries': 0,
    });
    this.clients.set(address, client);
    return client;
  }

  close(): void {
    for (const client of this.clients.values()) client.close();
    this.clients.clear();
  }
}

function failureOf(error: ServiceError): HiveCallError {
  if (error.code === status.DEADLINE_EXCEEDED) return new HiveCallError('timeout', { cause: error });
  if (error.code === status.CANCELLED) return new HiveCallError('cancelled', { cause: error });
  return new HiveCallError('unreachable', { cause: error });
}
