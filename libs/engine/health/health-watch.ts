import type { Clock, Room } from '#libs/engine/ports';
import { finding, type Finding } from './findings.js';
import { inTime } from './in-time.js';
import { judgeDisk } from './judge-room.js';
import { reportOf, type HealthReport } from './report.js';
import { ShardWatch, type ShardWatchDeps, type ShardWatchOptions } from './shard-watch.js';

export interface HealthWatchDeps extends ShardWatchDeps {
  clock: Clock;
  room: Room;
  /** What a part knows of itself alone. */
  ownFindings?: () => Promise<Finding[]> | Finding[];
}

export interface HealthWatchOptions extends Partial<ShardWatchOptions> {
  shards: number;
  /** Jobs pause when less than this is free on the disk. */
  minFreeBytes: number;
}

const DEFAULTS: ShardWatchOptions = {
  leaders: true,
  pool: 'http',
  stalledAfterMs: 15_000,
  leaderlessAfterMs: 15_000,
  workerlessAfterMs: 60_000,
  patienceMs: 2000,
};
const LOOK_EVERY_MS = 5000;

/**
 * Says what is wrong with the engine. It looks at the stores, not at what the parts believe of themselves: a process that hangs
 * believes that all is well. Stalls are told from several looks, so something has to look again and again: `run`.
 */
export class HealthWatch {
  private readonly shards: ShardWatch[];
  private looking: Promise<HealthReport> | null = null;
  /** The last report; null before the first look. */
  latest: HealthReport | null = null;

  constructor(
    private readonly deps: HealthWatchDeps,
    private readonly options: HealthWatchOptions,
  ) {
    const shardOptions = { ...DEFAULTS, ...options };
    this.shards = Array.from(
      { length: options.shards },
      (_, shard) => new ShardWatch(deps, shardOptions, shard),
    );
  }

  get isSuspicious(): boolean {
    return this.shards.some((shard) => shard.isSuspicious);
  }

  /** A look of this moment; whoever asks while one is under way shares it. Never throws. */
  look(): Promise<HealthReport> {
    this.looking ??= this.lookNow().finally(() => (this.looking = null));
    return this.looking;
  }

  /** Looks every few seconds until `signal` fires. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look();
      await this.deps.clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
    }
  }

  private async lookNow(): Promise<HealthReport> {
    const { clock, room, projection, ownFindings } = this.deps;
    const { patienceMs = DEFAULTS.patienceMs, minFreeBytes } = this.options;
    const [looks, free, own] = await Promise.all([
      Promise.all(this.shards.map((shard) => shard.look())),
      inTime(clock, patienceMs, () => room.freeBytes()),
      inTime(clock, patienceMs, async () => (await ownFindings?.()) ?? []),
    ]);
    const nats = looks.every((look) => look.nats);
    const postgres = looks.every((look) => look.postgres);
    const findings = [
      ...(nats ? [] : [finding('nats_unavailable', 'NATS does not answer.')]),
      ...(postgres ? [] : [finding('postgres_unavailable', 'Postgres does not answer.')]),
      ...judgeDisk(free?.value ?? null, minFreeBytes),
      ...looks.flatMap((look) => look.findings),
      ...(own?.value ?? []),
    ];
    const stores = {
      nats: nats ? ('ok' as const) : ('unavailable' as const),
      postgres:
        projection === null ? ('unused' as const) : postgres ? ('ok' as const) : ('unavailable' as const),
    };
    this.latest = reportOf(
      stores,
      looks.map(({ report }) => report),
      findings,
    );
    return this.latest;
  }
}
