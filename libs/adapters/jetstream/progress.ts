import { z } from 'zod';
import { subjects } from '#libs/events';
import type { JobProgress, ProgressFeed } from '#libs/engine/ports';
import type { LogConnection } from './connection.js';

/** What a slow watcher may have waiting; older numbers are worth nothing once newer ones are there. */
const WAITING = 100;

const jobProgress: z.ZodType<JobProgress> = z.object({
  jobId: z.string(),
  status: z.string(),
  run: z.number(),
  seq: z.number(),
  discovered: z.number(),
  fetched: z.number(),
  failed: z.number(),
  skipped: z.number(),
  queued: z.number(),
  inFlight: z.number(),
  waiting: z.number(),
});

/** Progress over core NATS: whoever listens sees it, nothing is kept. */
export class NatsProgressFeed implements ProgressFeed {
  constructor(private readonly connection: LogConnection) {}

  publish(progress: JobProgress): void {
    if (!this.connection.connected || this.connection.closed) return;
    this.connection.nc.publish(subjects.progressSubject(progress.jobId), JSON.stringify(progress));
  }

  watch(jobId: string | null, signal: AbortSignal): AsyncIterable<JobProgress> {
    const waiting: JobProgress[] = [];
    let wake: () => void = () => {};
    let ended = signal.aborted;
    const subject = jobId === null ? subjects.allProgress : subjects.progressSubject(jobId);
    const subscription = this.connection.nc.subscribe(subject, {
      callback: (_, msg) => {
        const progress = parse(msg?.data);
        if (!progress) return;
        waiting.push(progress);
        if (waiting.length > WAITING) waiting.shift();
        wake();
      },
    });
    const end = (): void => {
      ended = true;
      subscription.unsubscribe();
      wake();
    };
    signal.addEventListener('abort', end, { once: true });
    void subscription.closed.then(end);
    if (ended) end();
    return (async function* () {
      try {
        while (!ended) {
          const next = waiting.shift();
          if (next) yield next;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      } finally {
        signal.removeEventListener('abort', end);
        subscription.unsubscribe();
      }
    })();
  }
}

function parse(payload: Uint8Array | undefined): JobProgress | null {
  if (!payload) return null;
  try {
    const json: unknown = JSON.parse(Buffer.from(payload).toString());
    return jobProgress.safeParse(json).data ?? null;
  } catch {
    return null;
  }
}
