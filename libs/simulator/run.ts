import { checkAtTheEnd } from './oracles/at-the-end.js';
import { Simulation } from './simulation.js';
import { settled } from './world.js';

export interface RunReport {
  seed: number;
  /** Null: every promise was kept. */
  failure: { oracle: string; text: string } | null;
  steps: number;
  /** Virtual ms. */
  elapsed: number;
  events: number;
  visits: number;
  trace: string[];
}

/** Far beyond what any drawn run takes. */
const MOST_STEPS = 150_000;
const MOST_MS = 3 * 3_600_000;
const LOOK_MS = 1000;
/** How long it must stay at its end to be there. */
const QUIET_LOOKS = 3;

/** One run from its seed: the same seed gives the same run, step by step. */
export async function runSeed(seed: number, { trace = false } = {}): Promise<RunReport> {
  const simulation = new Simulation(seed, trace);
  const { world, log, web } = simulation.scene;
  const onUnhandled = (reason: unknown): void =>
    world.fail('O6', `unhandled rejection: ${reason instanceof Error ? reason.stack : String(reason)}`);
  process.on('unhandledRejection', onUnhandled);
  try {
    simulation.begin();
    const ending = new Ending(simulation);
    ending.look();
    while (!world.failure && !ending.reached) {
      if (!world.next()) world.fail('stuck', 'nothing is left to happen');
      if (world.steps > MOST_STEPS || world.elapsed > MOST_MS) world.fail('stuck', ending.standing());
      if (!world.stirred) continue;
      world.stirred = false;
      await settled();
    }
    if (!world.failure) checkAtTheEnd(simulation.scene);
  } finally {
    await simulation.parts.dispose();
    process.off('unhandledRejection', onUnhandled);
  }
  const { failure, steps, elapsed } = world;
  const visits = web.visits.length;
  return { seed, failure, steps, elapsed, events: log.lastSeq, visits, trace: world.trace };
}

/** Waits until all faults have struck, then until every job is done and everybody knows. */
class Ending {
  reached = false;
  private quiet = 0;
  private reported = false;

  constructor(private readonly simulation: Simulation) {}

  look(): void {
    this.simulation.scene.world.after(LOOK_MS, null, '', () => {
      const { chaos } = this.simulation.scene;
      if (chaos.injecting) {
        if (chaos.profile.faults.length === 0 && this.isLateEnough) this.simulation.calmDown();
      } else this.finish();
      if (!this.reached) this.look();
    });
  }

  /** What each job waits for, for whoever reads that it is stuck. */
  standing(): string {
    const { commander, scene } = this.simulation;
    const { ledger, queue, log, database } = scene;
    const jobs = [...ledger.jobs].map(([id, { status, run }]) => `${id} ${status} in run ${run}`);
    const seq = database.tables.checkpoint?.seq ?? 0;
    return `${jobs.join(', ')}; ${queue.messages.size} batches in the queue, projection at ${seq} of ${log.lastSeq}, ${commander.pending} commands`;
  }

  /** Losses that are drawn for each message strike all the time; so that they do, some time must pass. */
  private get isLateEnough(): boolean {
    const { world, ledger, jobs } = this.simulation.scene;
    const allDone = jobs.every(({ jobId }) => ledger.jobs.get(jobId)?.status === 'done');
    return allDone || world.elapsed > 120_000;
  }

  private finish(): void {
    const { commander, scene } = this.simulation;
    const { jobs, ledger, queue, database, log } = scene;
    this.quiet++;
    if (commander.pending > 0) this.quiet = 0;
    else
      for (const job of jobs) {
        const status = ledger.jobs.get(job.jobId)?.status;
        if (status === undefined) commander.startJob(job);
        else if (status !== 'running' && status !== 'done') commander.resume(job);
        if (status !== 'done') this.quiet = 0;
      }
    if (queue.messages.size > 0 || database.tables.checkpoint?.seq !== log.lastSeq) this.quiet = 0;
    if (this.quiet < QUIET_LOOKS) return;
    if (this.reported) this.reached = true;
    else for (const job of jobs) commander.report(job);
    this.reported = true;
    this.quiet = 0;
  }
}
