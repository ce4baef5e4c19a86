import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '#libs/testing';
import type { NatsFrame } from '../../support/nats-frames.js';
import { TruthSite } from '../../support/truth-site.js';
import { Api } from './api.js';
import type { Part } from './part.js';
import { Random } from './random.js';
import type { Scenario } from './scenario.js';
import type { Link, Stage } from './stage.js';

const PAGES = 200;
export const CONCURRENCY = 32;

/** One seed of one fault: a job on a stage, and what a fault may do to it. */
export class Run {
  readonly random: Random;
  readonly api: Api;
  /** What was drawn and done, for whoever reads a failure. */
  readonly notes: string[] = [];
  jobId = '';
  private lapBegan = performance.now();
  /** Keys of commands that a client has in mind and may repeat. */
  readonly startKey: string;

  constructor(
    readonly fault: Scenario,
    readonly seed: number,
    readonly stage: Stage,
    readonly site: TruthSite,
  ) {
    this.random = new Random(seed, fault.name);
    this.api = new Api(stage.apiUrl);
    // A stage has seen other runs of this seed; their keys name other jobs.
    this.startKey = `${fault.name}-${seed}-${randomBytes(6).toString('hex')}`;
  }

  static async siteOf(fault: Scenario): Promise<TruthSite> {
    return new TruthSite({ pages: PAGES, ...fault.site }).listen();
  }

  note(text: string): void {
    this.notes.push(text);
  }

  /** Notes how long it took to come here. */
  lap(name: string): void {
    const now = performance.now();
    this.note(`[${name} after ${((now - this.lapBegan) / 1000).toFixed(1)} s]`);
    this.lapBegan = now;
  }

  get spec(): object {
    return {
      start: [this.site.start],
      politeness: { concurrency: CONCURRENCY, perHost: CONCURRENCY, delayMs: 0, robots: 'obey' },
      retry: { attempts: 3, baseMs: 100, maxMs: 2000 },
      bodies: 'failed',
      ...this.fault.spec,
    };
  }

  /** Starts the job, and again until somebody says that it is started. */
  async begin(): Promise<void> {
    const started = async (): Promise<boolean> => {
      const said = await this.api.ask('POST', '/api/jobs', this.spec, this.startKey);
      if (said && said.status >= 400 && said.status < 500)
        throw new Error(`the job was refused: ${JSON.stringify(said.body)}`);
      if (said?.status !== 201) return false;
      this.jobId = (said.body as { jobId: string }).jobId;
      return true;
    };
    await until(started, { timeoutMs: 60_000, what: 'the job to be started' });
  }

  /** A moment in mid-crawl: when a drawn share of the pages was asked for. */
  async moment(low = 0.1, high = 0.8): Promise<void> {
    const pages = Math.round(this.random.between(low, high) * this.site.options.pages);
    this.note(`at ${pages} pages`);
    await until(() => this.site.served >= pages, {
      timeoutMs: 60_000,
      what: `${pages} pages to be asked for`,
    });
  }

  /** A while of drawn length, ms. */
  async pause(low: number, high: number): Promise<void> {
    const ms = Math.round(this.random.between(low, high));
    this.note(`for ${ms} ms`);
    await sleep(ms);
  }

  async kill(part: Part): Promise<void> {
    this.note(`kill -9 ${part.name}`);
    await part.kill9();
  }

  /**
   * Resolves when the nth message that fits comes by on a link. From then on nothing passes there (`hold`: it has not arrived), or no
   * answer comes back (`pass`: it has arrived, and its sender does not know), until the relay is mended.
   */
  async trip(
    link: Link,
    fits: (frame: NatsFrame) => boolean,
    nth: number,
    then: 'hold' | 'pass',
  ): Promise<void> {
    this.note(`message ${nth} on ${link}, ${then}`);
    let left = nth;
    this.stage.relay(link).watch((direction, frame) => {
      if (left > 0 && direction === 'up' && fits(frame) && --left === 0)
        return then === 'pass' ? 'pass' : 'drop';
      return left === 0 && (then === 'hold' || direction === 'down') ? 'drop' : 'pass';
    });
    await until(() => left === 0, { timeoutMs: 60_000, what: `message ${nth} on ${link}` });
  }

  /** Kills a process at a drawn moment, starts it again, and perhaps once more. */
  async killAndRestart(part: Part): Promise<void> {
    const times = this.random.int(1, 2);
    for (let i = 0; i < times; i++) {
      await this.moment(i === 0 ? 0.05 : 0.5, i === 0 ? 0.5 : 0.9);
      await this.kill(part);
      part.start();
    }
    await part.ready();
  }
}
