import type {
  Allowance,
  Clock,
  EventLog,
  Lease,
  LogInspection,
  Position,
  ProjectionStore,
} from '#libs/engine/ports';
import { checkpointMismatch } from '../projector/checkpoint-mismatch.js';
import { DecisionScan } from './decision-scan.js';
import { finding, type Finding } from './findings.js';
import { inTime } from './in-time.js';
import { judgeLog } from './judge-room.js';
import { Lasting } from './lasting.js';
import type { ShardReport } from './report.js';

export type Projection = Pick<ProjectionStore, 'checkpoint' | 'parked'>;

export interface ShardWatchDeps {
  eventLog: Pick<EventLog, 'head' | 'eventIdAt'>;
  inspection: LogInspection;
  lease: Pick<Lease, 'holder'>;
  clock: Pick<Clock, 'now' | 'monotonic' | 'timer'>;
  /** Connects when it is called; null: the read models are not this part's business. */
  projection: (() => Promise<Projection>) | null;
  /** Whether a holder of a lease is known to be dead. */
  isGone?: (holder: string) => boolean;
}

export interface ShardWatchOptions {
  /** Whether coordinators and workers of the shard are looked for. */
  leaders: boolean;
  pool: string;
  /** Read models that are behind and do not move for so long have stalled. */
  stalledAfterMs: number;
  /** Running jobs without a leader for so long have none. */
  leaderlessAfterMs: number;
  /** Tasks that nobody takes for so long have no worker. */
  workerlessAfterMs: number;
  patienceMs: number;
}

/** Tasks may all be slow pages: nothing need have been taken or finished for so long. */
const QUIET_QUEUE_MS = 30_000;

export interface ShardLook {
  report: ShardReport;
  findings: Finding[];
  nats: boolean;
  postgres: boolean;
}

const MISMATCH = {
  replaced: 'the log was made anew since',
  shortened: 'the log ends before that',
  elsewhere: 'the log has another event there',
} as const;

/** Looks at one shard, again and again, and remembers what a stall is told from. */
export class ShardWatch {
  private readonly stuck = new Lasting<number>();
  private readonly leaderless = new Lasting<true>();
  /** By pool. */
  private readonly untaken = new Map<string, Lasting<number>>();
  private readonly scan: DecisionScan;

  constructor(
    private readonly deps: ShardWatchDeps,
    private readonly options: ShardWatchOptions,
    private readonly shard: number,
  ) {
    this.scan = new DecisionScan(deps.inspection, deps.clock, shard);
  }

  /** Something may be wrong, which only another look can tell. */
  get isSuspicious(): boolean {
    return [this.stuck, this.leaderless, ...this.untaken.values()].some((one) => one.isSeen);
  }

  async look(): Promise<ShardLook> {
    const { shard } = this;
    const { eventLog, projection, inspection, clock } = this.deps;
    const [head, projected] = await Promise.all([
      this.ask(() => eventLog.head(shard)),
      projection && this.ask(async () => this.readModels(await projection())),
    ]);
    const lastSeq = head?.value.lastSeq ?? null;
    const seq = projected ? (projected.value.at?.seq ?? 0) : null;
    const lag = lastSeq === null || seq === null ? null : Math.max(0, lastSeq - seq);
    const behind = lag ? await this.ask(() => inspection.storedBehind(shard, seq!)) : null;
    const lagMs = lag === null ? null : behind?.value ? Math.max(0, clock.now() - behind.value) : 0;
    const parked = projected?.value.parked ?? [];
    const allowances = (head && (await this.ask(() => inspection.allowances(shard))))?.value ?? [];
    const report: ShardReport = { shard, lastSeq, projected: seq, lag, lagMs, parked, allowances };
    const ofLog = head
      ? [...(await this.compare(projected?.value.at ?? null)), ...(await this.lookAtLog(allowances))]
      : [];
    const findings = [...this.judgeProjection(report), ...ofLog];
    return { report, findings, nats: head !== null, postgres: projection === null || projected !== null };
  }

  private async readModels(store: Projection) {
    const [at, parked] = await Promise.all([store.checkpoint(this.shard), store.parked(this.shard)]);
    return { at, parked };
  }

  private async compare(at: Position | null): Promise<Finding[]> {
    if (at === null) return [];
    const { shard } = this;
    const { eventLog } = this.deps;
    const asked = await this.ask(async () => {
      // Later than the read models: what is projected in between must not make the log look shorter.
      const head = await eventLog.head(shard);
      return { head, mismatch: await checkpointMismatch(eventLog, shard, at, head) };
    });
    if (!asked?.value.mismatch) return [];
    const { head, mismatch } = asked.value;
    const message = `The read models of shard ${shard} are at event ${at.seq}, and the log, which has ${head.lastSeq} events, is not the one they were made from: ${MISMATCH[mismatch]}.`;
    return [finding('read_models_of_other_log', message, { shard })];
  }

  private judgeProjection({ shard, projected, lag, parked }: ShardReport): Finding[] {
    const findings: Finding[] = [];
    const stuckFor = this.stuck.see(lag ? projected : null, this.deps.clock.monotonic());
    if (stuckFor !== null && stuckFor >= this.options.stalledAfterMs) {
      const message = `The read models of shard ${shard} stand still at event ${projected}, ${lag} behind the log: the projector does not run, hangs, or cannot write.`;
      findings.push(finding('projector_stalled', message, { shard }));
    }
    if (parked.length > 0) {
      const [first] = parked;
      const events = parked.reduce((sum, one) => sum + one.events, 0);
      const whose = first!.jobId === null ? 'that names no job' : `of job ${first!.jobId}`;
      const message = `${events} events are parked on shard ${shard}; the first, event ${first!.firstSeq} ${whose}: ${first!.reason}.`;
      const jobs = parked.flatMap(({ jobId }) => jobId ?? []);
      findings.push(finding('events_parked', message, { shard, jobs }));
    }
    return findings;
  }

  private async lookAtLog(allowances: Allowance[]): Promise<Finding[]> {
    const { inspection, clock } = this.deps;
    const { shard } = this;
    const refusedAt = inspection.refusedAt();
    const room = judgeLog(shard, allowances, refusedAt === null ? null : clock.now() - refusedAt);
    if (!this.options.leaders) return room;
    return [...room, ...(await this.lookForLeader()), ...(await this.lookForWorkers())];
  }

  private async lookForLeader(): Promise<Finding[]> {
    const { lease, clock, isGone } = this.deps;
    const { shard } = this;
    const jobs = (await this.ask(() => this.scan.jobs()))?.value;
    const held = await this.ask(() => lease.holder(`coordinator-${shard}`));
    if (!jobs || !held) return [];
    const findings = jobs.unreadable.map(({ jobId, seq, reason }) =>
      finding('decision_unreadable', `Decision ${seq} of job ${jobId} cannot be read: ${reason}.`, {
        ...{ shard, jobs: [jobId] },
      }),
    );
    const led = held.value !== null && !isGone?.(held.value);
    const nobody = this.leaderless.see(!led && jobs.running.length > 0 ? true : null, clock.monotonic());
    if (nobody === null || nobody < this.options.leaderlessAfterMs) return findings;
    const count = jobs.running.length === 1 ? 'One job is' : `${jobs.running.length} jobs are`;
    const message = `${count} running by the log, and no coordinator leads shard ${shard}: nothing goes on.`;
    return [...findings, finding('job_without_coordinator', message, { shard, jobs: jobs.running })];
  }

  private async lookForWorkers(): Promise<Finding[]> {
    const waiting = (await this.ask(() => this.deps.inspection.waitingPools(this.shard)))?.value ?? [];
    const pools = new Set([this.options.pool, ...this.untaken.keys(), ...waiting]);
    return (await Promise.all([...pools].map((pool) => this.lookForWorkersOf(pool)))).flat();
  }

  private async lookForWorkersOf(pool: string): Promise<Finding[]> {
    const { inspection, clock } = this.deps;
    const { shard } = this;
    const use = (await this.ask(() => inspection.queue(shard, pool)))?.value;
    if (!use) return [];
    const waits = use.tasks > 0 && use.pulls === 0;
    let untaken = this.untaken.get(pool);
    if (!untaken) this.untaken.set(pool, (untaken = new Lasting()));
    const untakenFor = untaken.see(waits ? (use.lastActivityAt ?? 0) : null, clock.monotonic());
    const quiet = use.lastActivityAt === null || clock.now() - use.lastActivityAt >= QUIET_QUEUE_MS;
    if (untakenFor === null || untakenFor < this.options.workerlessAfterMs || !quiet) return [];
    const which = pool === this.options.pool ? '' : ` of pool ${pool}`;
    const message = `Tasks wait in the fetch queue of shard ${shard}, and no worker${which} takes or finishes any.`;
    return [finding('no_worker', message, { shard })];
  }

  private ask<T>(question: () => Promise<T>): Promise<{ value: T } | null> {
    return inTime(this.deps.clock, this.options.patienceMs, question);
  }
}
