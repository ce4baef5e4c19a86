import { setTimeout as wait } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { JobProgress } from '#libs/engine/ports';
import { API_DEPS, type ApiDeps } from '../deps.js';

/** Coordinators speak about once a second; who has been silent for longer is not running. */
const FRESH_MS = 5000;
const RETRY_MS = 1000;
/** Rates are told over so long. */
const WINDOW_MS = 60_000;

interface Sample {
  at: number;
  done: number;
  failed: number;
}

/** Per minute, over the last minute at most. */
export interface Rates {
  pages: number;
  errors: number;
}

/** The last word of the coordinators about each running job. */
@Injectable()
export class LiveProgress implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly last = new Map<string, { progress: JobProgress; at: number; samples: Sample[] }>();
  private readonly ended = new AbortController();
  private watching: Promise<void> = Promise.resolve();

  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  of(jobId: string): JobProgress | null {
    const found = this.last.get(jobId);
    return found && performance.now() - found.at < FRESH_MS ? found.progress : null;
  }

  get isAnythingRunning(): boolean {
    const now = performance.now();
    return [...this.last.values()].some(({ at }) => now - at < FRESH_MS);
  }

  /** Null when nobody speaks of the job, or not for long enough. */
  rates(jobId: string): Rates | null {
    const samples = this.of(jobId) ? this.last.get(jobId)!.samples : [];
    const [first, last] = [samples[0], samples.at(-1)];
    if (!first || !last || last.at === first.at) return null;
    const perMinute = (n: number): number => Math.round((Math.max(n, 0) * 60_000) / (last.at - first.at));
    return { pages: perMinute(last.done - first.done), errors: perMinute(last.failed - first.failed) };
  }

  onApplicationBootstrap(): void {
    this.watching = this.watch();
  }

  async onModuleDestroy(): Promise<void> {
    this.ended.abort();
    await this.watching;
  }

  private async watch(): Promise<void> {
    const { signal } = this.ended;
    while (!signal.aborted) {
      try {
        for await (const progress of this.deps.progress.watch(null, signal)) this.keep(progress);
      } catch (error) {
        if (!signal.aborted) this.deps.log?.warn({ err: error }, 'live progress was interrupted');
      }
      await wait(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private keep(progress: JobProgress): void {
    const now = performance.now();
    const { fetched, failed, skipped, run } = progress;
    const before = this.last.get(progress.jobId);
    const ofRun = before?.progress.run === run ? before.samples : [];
    const samples = ofRun.filter(({ at }) => now - at <= WINDOW_MS);
    samples.push({ at: now, done: fetched + failed + skipped, failed });
    // Re-inserted, so the oldest come first and leave when they are stale.
    this.last.delete(progress.jobId);
    this.last.set(progress.jobId, { progress, at: now, samples });
    for (const [jobId, { at }] of this.last) {
      if (now - at < FRESH_MS) break;
      this.last.delete(jobId);
    }
  }
}
