export interface FetchTask {
  url: string;
  depth: number;
  stage: string;
  /** Names the try in the message id of its outcome. */
  try: number;
  /** Attempts burned before this one, plus one. */
  attempt: number;
}

/** One message of SPOOR_FETCH: up to 8 tasks of one job that are released together. */
export interface TaskBatch {
  jobId: string;
  generation: number;
  run: number;
  /** Sequence of the job's last decision when the batch was released: names the spec in force. */
  jobSeq: number;
  /** Position of the coordinator's fold then: outcomes of these tasks lie behind it. */
  logSeq: number;
  /** Workers that may take it; left out: those of the coordinator's own pool. */
  pool?: string | undefined;
  tasks: FetchTask[];
}

/** A batch that lies in the queue, delivered or not. */
export interface QueuedBatch extends TaskBatch {
  seq: number;
}

export interface Delivery extends TaskBatch {
  seq: number;
  /** 1 at the first delivery. */
  deliveries: number;
  /** Published before this client's last reconnect, so its first delivery may have been another's second. */
  olderThanConnection: boolean;
  /** Tells the server that the work goes on; the adapter does so every 2 s by itself until `done` or `giveBack`. */
  done(): Promise<void>;
  /** Hand back at once, for another worker. */
  giveBack(): Promise<void>;
}

/** The stream's last sequence is not what the coordinator believes: another one released, so it must look again. */
export class StaleReleaseError extends Error {
  readonly code = 'stale_release';
  constructor() {
    super('another coordinator has released tasks');
  }
}

/** What lies in it is exactly what is in flight. */
export interface FetchQueue {
  /**
   * Appends batches in order if the queue's last sequence is `expectedLastSeq`. Returns the new last sequence.
   * @param pool of batches that name none
   * @throws StaleReleaseError; some of the batches may be in the queue then.
   */
  release(shard: number, pool: string, batches: TaskBatch[], expectedLastSeq: number): Promise<number>;
  /** Everything that lies in the queue, and its last sequence at a moment before that was read. */
  snapshot(shard: number): Promise<{ lastSeq: number; batches: QueuedBatch[] }>;
  /** Sequence up to which workers of a pool have been given what was released for it; 0: nothing yet. */
  taken(shard: number, pool: string): Promise<number>;
  /**
   * Deliveries for a worker, one after another. `freeSlots` is asked before each pull; nothing is pulled while it answers 0,
   * until `wake` is called.
   */
  pull(shard: number, pool: string, options: PullOptions): PullHandle;
}

export interface PullOptions {
  freeSlots: () => number;
  onDelivery: (delivery: Delivery) => void;
  onError: (error: unknown) => void;
}

export interface PullHandle {
  /** Slots became free. */
  wake(): void;
  /** Stops pulling; what was delivered stays the caller's. */
  stop(): Promise<void>;
}
