import { createHash } from 'node:crypto';
import { Coordinator, JobService, Projector } from '#libs/engine';
import type { Clock, Delivery, EventLog, Logger } from '#libs/engine/ports';
import { Worker } from '#libs/engine/worker';
import { Life, type Role } from './life.js';
import { Link } from './link.js';
import { SimulatedClock } from './ports/clock.js';
import { Database } from './ports/database.js';
import { SimulatedEventLog } from './ports/event-log.js';
import { SimulatedFetchQueue } from './ports/fetch-queue.js';
import { SimulatedLease } from './ports/lease.js';
import { Outside } from './ports/outside.js';
import { SimulatedProjectionStore } from './ports/projection-store.js';
import { SimulatedReadModels } from './ports/read-models.js';
import type { WorkedOn } from './servers/web.js';
import type { Scene } from './scene.js';
import { settled } from './world.js';

const SHARD = 0;
const POOL = 'http';
/** As hosting sets it: a third of the lease's time to live. */
const LEASE_EVERY_MS = 1667;
const DRAIN_MS = 1500;
const NO_ROOM_PROBLEM = { freeBytes: async () => null };
const NOBODY_WATCHES = { publish: () => undefined, watch: async function* () {} };

/** What each process is made of: the production classes over simulated ports. A dead process is followed by another one. */
export class Parts {
  readonly lives: Life[] = [];
  private readonly apis = new Map<Life, JobService>();
  private readonly drains = new Map<Life, () => Promise<void>>();
  private readonly ends: (() => Promise<void>)[] = [];
  private readonly projectors = new Map<Life, Projector>();

  constructor(private readonly scene: Scene) {}

  start(role: Role): void {
    const { world, chaos } = this.scene;
    const { skewMs } = chaos.profile;
    const skew = skewMs === 0 ? 0 : Math.round(chaos.random.between(-skewMs, skewMs));
    const life = new Life(`${role}-${this.lives.length}`, role, world.time, skew);
    this.lives.push(life);
    life.onEnd(() => this.next(life));
    world.note(life, 'starts');
    world.stirred = true;
    this[role](life);
  }

  /** Any API that is there. */
  anyApi(): { life: Life; service: JobService } | null {
    const all = [...this.apis].filter(([life]) => life.alive);
    if (all.length === 0) return null;
    const [life, service] = this.scene.chaos.random.pick(all);
    return { life, service };
  }

  /** SIGTERM. */
  drain(life: Life): void {
    const ended = this.drains.get(life)?.() ?? Promise.resolve();
    void ended.then(() => life.kill());
  }

  /** Of the dead, too: Node keeps a signal that others hang on until it fires, and with it all of its run. */
  async dispose(): Promise<void> {
    for (const life of this.lives) life.kill();
    for (const end of this.ends) void end();
    await settled();
  }

  rebuild(): void {
    for (const [life, projector] of this.projectors)
      if (life.alive) return void projector.rebuild().catch(() => undefined);
  }

  private next(life: Life): void {
    const { world, chaos } = this.scene;
    world.note(life, 'is dead');
    for (const all of [this.apis, this.drains, this.projectors]) all.delete(life);
    const wait = chaos.injecting ? chaos.random.skewed(10, 15_000) : 50;
    world.after(wait, null, '', () => this.start(life.role));
  }

  private coordinator(life: Life): void {
    const { link, eventLog, clock, logger } = this.common(life);
    const { leases, queue, chaos } = this.scene;
    const coordinator = new Coordinator(
      {
        ...{ eventLog, clock, logger, room: NO_ROOM_PROBLEM, progress: NOBODY_WATCHES },
        fetchQueue: new SimulatedFetchQueue(link, queue),
        lease: new SimulatedLease(link, leases),
        hashKey: [chaos.random.int(0, 1e9), chaos.random.int(0, 1e9)],
      },
      {
        ...{ shard: SHARD, pool: POOL, holder: life.name, leaseEveryMs: LEASE_EVERY_MS },
        isGone: (holder) => chaos.profile.seesTheDead && !this.isAlive(holder),
      },
    );
    coordinator.start();
    this.drains.set(life, () => coordinator.stop());
    this.ends.push(() => coordinator.stop());
  }

  private worker(life: Life): void {
    const { link, eventLog, clock, logger } = this.common(life);
    const { queue, chaos, web, log, world } = this.scene;
    const inHand = new Set<WorkedOn>();
    const take = (delivery: Delivery): void => {
      const workedOn = { delivery, headThen: log.lastSeq };
      inHand.add(workedOn);
      for (const end of ['done', 'giveBack'] as const) {
        const answer = delivery[end];
        delivery[end] = () => {
          inHand.delete(workedOn);
          return answer();
        };
      }
    };
    const workedOn = (url: string): WorkedOn[] =>
      [...inHand].filter(({ delivery }) => delivery.tasks.some((task) => task.url === url));
    const outside = new Outside(link, web, workedOn, (url) => this.hasProxy(url));
    const worker = new Worker(
      {
        ...{ eventLog, clock, logger, fetcher: outside, robots: outside.robots, parser: outside },
        fetchQueue: new SimulatedFetchQueue(link, queue, take),
        bodies: {
          put: async (_, raw, meta) => {
            await clock.sleep(chaos.latency());
            const sha256 = createHash('sha256').update(raw).digest('hex');
            return { sha256, storedBytes: raw.length, ...meta };
          },
        },
        privateTargets: { of: () => [] },
        random: () => chaos.random.unit(),
      },
      { shard: SHARD, pool: POOL, slots: chaos.profile.slots },
    );
    worker.start();
    this.drains.set(life, () => worker.drain(DRAIN_MS));
    world.note(life, `has ${chaos.profile.slots} slots`);
  }

  private projector(life: Life): void {
    const { link, eventLog, clock, logger } = this.common(life);
    const { database, chaos } = this.scene;
    const store = new SimulatedProjectionStore(new Database(link, chaos.profile.projectorSlowness), database);
    const projector = new Projector({ eventLog, store, clock, logger }, { shard: SHARD });
    this.projectors.set(life, projector);
    const stopping = new AbortController();
    void projector.watch(stopping.signal);
    const fed = feed(projector, eventLog, clock, stopping.signal);
    this.drains.set(life, () => {
      stopping.abort();
      return fed;
    });
  }

  private api(life: Life): void {
    const { link, eventLog, clock } = this.common(life);
    const { database, chaos, web } = this.scene;
    const readModels = new SimulatedReadModels(new Database(link, 0), database);
    const service = new JobService({
      ...{ eventLog, clock, shards: 1 },
      newId: () => `drawn${chaos.random.int(1e9, 2e9)}`,
      proxyCheck: new Outside(link, web).proxyCheck,
      readModels: async () => readModels,
      hashKey: [chaos.random.int(0, 1e9), chaos.random.int(0, 1e9)],
    });
    this.apis.set(life, service);
  }

  private common(life: Life): { link: Link; eventLog: EventLog; clock: Clock; logger: Logger } {
    const { world, chaos, log } = this.scene;
    const link = new Link(this.scene, life);
    const say = (fields: object, message: string): void => {
      if (world.tracing) world.note(life, `says: ${message} ${JSON.stringify(fields)}`);
    };
    const complain = (fields: object, message: string): void => {
      say(fields, message);
      // This log is never another one, nor shorter; and there is nothing in it that cannot be folded.
      if (/rebuilt|parked/.test(message)) world.fail('O2', `${life.name} says: ${message}`);
    };
    return {
      link,
      eventLog: new SimulatedEventLog(link, log),
      clock: new SimulatedClock(world, life, chaos.random),
      logger: { debug: say, info: say, warn: say, error: complain },
    };
  }

  private isAlive(name: string): boolean {
    return this.lives.some((life) => life.name === name && life.alive);
  }

  private hasProxy(url: string): boolean {
    return this.scene.jobs.some(({ spec, site }) => spec.proxy !== undefined && site.pages.has(url));
  }
}

/** Hands the log's batches to a projector, as the transport does. */
async function feed(
  projector: Projector,
  eventLog: EventLog,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const { seq } = await projector.position(signal);
      for await (const batch of eventLog.readShard(SHARD, { fromSeq: seq + 1, follow: true, signal }))
        await projector.apply(batch, signal);
    } catch {
      await clock.sleep(1000, signal).catch(() => undefined);
    }
  }
}
