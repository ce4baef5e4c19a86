import { SpoorError, type FailureCode } from '#libs/failures';
import type { JobService } from '#libs/engine';
import type { PageSelection } from '#libs/job';
import type { SimulatedJob } from './jobs.js';
import { pagesOf } from './oracles/ledger.js';
import type { Parts } from './parts.js';
import type { Scene } from './scene.js';

type Verb = 'start' | 'pause' | 'stop' | 'resume' | 'restart' | 'requeue' | 'report';

interface Command {
  verb: Verb;
  job: SimulatedJob;
  commandId: string;
  /** Of a requeue. */
  selection: PageSelection;
  changes: unknown;
}

const SEQUENCES: Verb[][] = [
  ['pause'],
  ['stop'],
  ['restart'],
  ['requeue'],
  ['report'],
  ['resume'],
  ['pause', 'resume'],
  ['stop', 'resume'],
  ['resume', 'resume'],
  ['stop', 'restart'],
  ['pause', 'restart'],
  ['requeue', 'requeue'],
  ['requeue', 'stop', 'resume'],
  ['report', 'pause', 'report'],
];

/** What a command may be told instead of being done. */
const REFUSALS: FailureCode[] = [
  ...(['impossible_transition', 'conflict', 'invalid_request', 'job_not_found'] as const),
  ...(['store_unavailable', 'proxy_bad_gateway'] as const),
];

/** Whoever gives commands, through any API; repeats some of them when the API dies before it answers. */
export class Commander {
  /** Commands without an answer whose API lives. */
  pending = 0;
  private given = 0;

  constructor(
    private readonly scene: Scene,
    private readonly parts: Pick<Parts, 'anyApi'>,
  ) {}

  startJob(job: SimulatedJob): void {
    this.give({ verb: 'start', job, commandId: 'start', selection: {}, changes: undefined });
  }

  /** One, or a few that race or follow each other closely. */
  command(): void {
    const { chaos, world, jobs } = this.scene;
    const job = chaos.random.pick(jobs);
    for (const verb of chaos.random.pick(SEQUENCES)) {
      if (chaos.random.chance(0.4)) this.ask(verb, job);
      else world.after(chaos.random.skewed(0, 3000), null, '', () => this.ask(verb, job));
    }
  }

  private ask(verb: Verb, job: SimulatedJob): void {
    const { random } = this.scene.chaos;
    const account = this.scene.ledger.jobs.get(job.jobId);
    const urls = [...(account ? pagesOf(account).values() : [])]
      .filter(({ outcome }) => random.chance(outcome === null ? 0.01 : 0.3))
      .map(({ url }) => url);
    this.give({
      ...{ verb, job, commandId: `command-${this.given++}` },
      selection:
        random.chance(0.6) && urls.length > 0
          ? { urls }
          : { filter: { outcome: random.pick(['fetched', 'failed', 'skipped']) } },
      changes: random.chance(0.3) ? { politeness: { concurrency: random.int(1, 20) } } : undefined,
    });
  }

  resume(job: SimulatedJob): void {
    this.give({
      verb: 'resume',
      job,
      commandId: `at-last-${this.given++}`,
      selection: {},
      changes: undefined,
    });
  }

  report(job: SimulatedJob): void {
    this.give({ verb: 'report', job, commandId: '', selection: {}, changes: undefined });
  }

  private give(command: Command): void {
    const { world, chaos } = this.scene;
    const api = this.parts.anyApi();
    const again = (): void => void world.after(1000, null, '', () => this.give(command));
    this.pending++;
    if (!api) {
      this.pending--;
      return again();
    }
    let open = true;
    const close = (): boolean => {
      if (open) this.pending--;
      return open && !(open = false);
    };
    api.life.onEnd(() => {
      if (close() && (command.verb === 'start' || chaos.random.chance(0.5))) again();
    });
    const said = `${command.verb} ${command.job.jobId} (${command.commandId})`;
    world.stirred = true;
    world.note(api.life, `is asked to ${said}`);
    this.run(api.service, command).then(
      (seq) => {
        close();
        world.note(api.life, `has done ${said}: ${seq}`);
        if (seq !== null) this.checkAnswer(command, seq);
      },
      (error: unknown) => {
        close();
        world.note(
          api.life,
          `has refused ${said}: ${error instanceof Error ? error.message : String(error)}`,
        );
        if (!(error instanceof SpoorError) || !REFUSALS.includes(error.code))
          world.fail('command', `${said}: ${error instanceof Error ? error.stack : String(error)}`);
        else if (command.verb === 'start' && error.code === 'store_unavailable') again();
      },
    );
  }

  /** @returns the sequence that was answered */
  private async run(service: JobService, command: Command): Promise<number | null> {
    const { verb, job, commandId, selection, changes } = command;
    const { jobId, spec } = job;
    switch (verb) {
      case 'start':
        return (await service.start(spec, { jobId, commandId })).seq;
      case 'resume':
        return (await service.resume(jobId, { commandId, changes })).seq;
      case 'requeue':
        return (await service.requeue(jobId, { commandId, ...selection })).seq;
      case 'report': {
        const report = await service.report(jobId);
        if (report) this.scene.ledger.checkReport(jobId, report);
        return null;
      }
      default:
        return (await service[verb](jobId, { commandId })).seq;
    }
  }

  private checkAnswer({ verb, job, commandId }: Command, seq: number): void {
    const { log, world } = this.scene;
    const event = log.at(seq);
    const isIt =
      event?.jobId === job.jobId && 'commandId' in event.data && event.data.commandId === commandId;
    if (!isIt)
      world.fail('O4', `${verb} ${commandId} was answered with ${seq}, where the log holds another event`);
  }
}
