import { Chaos } from './chaos.js';
import { drawJobs, type SimulatedJob } from './jobs.js';
import type { Life } from './life.js';
import { Ledger } from './oracles/ledger.js';
import { LeaseServer } from './servers/lease-server.js';
import { drawProfile } from './profile.js';
import { Random } from './random.js';
import { DatabaseServer } from './servers/database-server.js';
import { LogServer } from './servers/log-server.js';
import { QueueServer } from './servers/queue-server.js';
import { Web } from './servers/web.js';
import { World } from './world.js';

/** All that is there beside the processes: time, chance, the servers, the sites, and the books. */
export class Scene {
  readonly world: World;
  readonly chaos: Chaos;
  readonly jobs: SimulatedJob[];
  readonly ledger: Ledger;
  readonly log: LogServer;
  readonly queue: QueueServer;
  readonly leases = new LeaseServer();
  readonly database = new DatabaseServer();
  readonly web = new Web();

  /** @param strike asked before a process's code runs on: a fault may strike it first */
  constructor(seed: number, tracing: boolean, strike: (life: Life) => void) {
    const random = new Random(seed);
    this.jobs = drawJobs(random);
    for (const { site } of this.jobs) this.web.add(site);
    const pages = this.jobs.reduce((sum, { site }) => sum + site.pages.size, 0);
    const profile = drawProfile(random, pages);
    this.chaos = new Chaos(seed, profile);
    this.world = new World(tracing, strike);
    this.ledger = new Ledger((oracle, text) => this.world.fail(oracle, text));
    this.log = new LogServer(this.world, profile.idBeforeSequence, (event) => this.ledger.apply(event));
    this.queue = new QueueServer(this.world, this.chaos, (batch, others) =>
      this.ledger.checkRelease(batch, others),
    );
    if (tracing) this.world.note(null, JSON.stringify({ profile, jobs: this.jobs.map(({ spec }) => spec) }));
  }
}
