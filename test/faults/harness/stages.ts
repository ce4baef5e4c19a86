import type { Fault } from '../fault.js';
import { OwnPostgres } from './servers.js';
import { Stage } from './stage.js';

/** Runs on one stage, at most: its log grows with each, and every judge reads all of it. */
const MOST_RUNS = 12;

/** Stages, one after another: a run takes over what the run before has left whole. */
export class Stages {
  private stage: Stage | null = null;
  private key = '';
  private runs = 0;

  private constructor(private readonly postgres: OwnPostgres) {}

  static async open(): Promise<Stages> {
    return new Stages(await OwnPostgres.begin());
  }

  async for(fault: Fault): Promise<Stage> {
    const options = fault.stage?.() ?? {};
    const key = JSON.stringify(options);
    if (this.stage && (key !== this.key || this.runs >= MOST_RUNS || !this.stage.isWhole)) await this.drop();
    if (!this.stage) {
      this.stage = await Stage.start(options, this.postgres);
      this.key = key;
      this.runs = 0;
    }
    this.runs += 1;
    for (const part of this.stage.parts) part.mark();
    return this.stage;
  }

  async drop(): Promise<void> {
    const { stage } = this;
    this.stage = null;
    await stage?.close();
  }

  async close(): Promise<void> {
    await this.drop();
    await this.postgres.crash();
  }
}
