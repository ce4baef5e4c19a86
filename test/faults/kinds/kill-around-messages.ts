import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '#libs/testing';
import type { NatsFrame } from '../../support/nats-frames.js';
import type { Fault } from '../fault.js';
import type { Role } from '../harness/part.js';
import type { Run } from '../harness/run.js';
import type { Link } from '../harness/stage.js';

interface Victim {
  role: Role;
  link: Link;
  what: string;
  fits: (frame: NatsFrame) => boolean;
  most: number;
}

const COMMIT: Victim = {
  role: 'projector',
  link: 'projector-postgres',
  what: 'commit',
  fits: ({ body }) => body.includes('COMMIT\0'),
  most: 3,
};
const RELEASE: Victim = {
  role: 'coordinator',
  link: 'coordinator-nats',
  what: 'release',
  fits: ({ op, subject }) => op === 'HPUB' && subject.startsWith('spoor.fetch.'),
  most: 20,
};

/** What has been sent and not yet arrived is what a server that gets it still works on. */
const ARRIVES_MS = 50;

async function strike(run: Run, { role, link, fits, most }: Victim, then: 'hold' | 'pass'): Promise<void> {
  const part = run.stage.part(role);
  await run.trip(link, fits, run.random.int(1, most), then);
  if (then === 'pass') await sleep(ARRIVES_MS);
  await run.kill(part);
  run.stage.relay(link).mend();
  part.start();
  await part.ready();
}

/** Seen from outside, at the message itself: it has left and not arrived, or arrived and nobody knows. */
const around = (victim: Victim): Fault[] =>
  (['hold', 'pass'] as const).map((then) => ({
    name: `kill-${victim.role}-${then === 'hold' ? 'before' : 'after'}-${victim.what}`,
    about: `kill -9 of the ${victim.role} ${then === 'hold' ? 'just before its' : 'between'} ${victim.what}${then === 'hold' ? '' : ' and its answer'}`,
    inject: (run) => strike(run, victim, then),
  }));

/** The same around the append of a command; whoever sent it repeats it with its key, and one job is all that comes of it. */
const aroundAppend = (then: 'hold' | 'pass'): Fault => ({
  name: `kill-api-${then === 'hold' ? 'before' : 'after'}-append`,
  about: `kill -9 of the api ${then === 'hold' ? 'before the log has' : 'when the log has stored'} a command, which is then repeated`,
  prepare: (run) => {
    const api = run.stage.part('api');
    const fits = ({ op, subject }: NatsFrame): boolean => op === 'HPUB' && subject.endsWith('.job');
    const struck = run.trip('api-nats', fits, 1, then).then(async () => {
      if (then === 'pass') await sleep(ARRIVES_MS);
      await run.kill(api);
      run.stage.relay('api-nats').mend();
      api.start();
    });
    // `begin` repeats the command meanwhile.
    void struck.catch(() => undefined);
  },
  inject: async (run) => {
    await until(() => run.stage.part('api').isAlive, { what: 'the api to be started again' });
    await run.stage.part('api').ready();
  },
  check: ({ stage, startKey, jobId }, { events }) => {
    const started = events.filter(({ type }) => type === 'JobStarted').slice(-1);
    const ours = events.filter((event) => event.type === 'JobStarted' && event.jobId === jobId);
    return started[0]?.jobId === jobId && ours.length === 1 && stage.isWhole
      ? []
      : [
          `the command with key ${startKey} started ${ours.length} jobs, the last one being ${started[0]?.jobId}`,
        ];
  },
});

export const killAroundMessages: Fault[] = [
  ...around(COMMIT),
  ...around(RELEASE),
  aroundAppend('hold'),
  aroundAppend('pass'),
];
