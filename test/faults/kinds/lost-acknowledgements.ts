import type { Fault } from '../fault.js';

/** Tasks that were done and are delivered again, since nobody heard of it. */
const duplicates: Fault = {
  name: 'duplicate-deliveries',
  about: "every second acknowledgement of a worker's task is lost",
  inject: async (run) => {
    let lost = 0;
    let seen = 0;
    run.stage.relay('worker-nats').watch((direction, { subject, body }) => {
      const isAck = direction === 'up' && subject.startsWith('$JS.ACK.') && body.toString() === '+ACK';
      if (!isAck || seen++ % 2 === 0) return 'pass';
      lost += 1;
      return 'drop';
    });
    await run.moment(0.5, 0.95);
    // Past the time after which a task that nobody acknowledged comes again.
    await run.pause(7_000, 8_000);
    run.note(`${lost} lost`);
  },
  allow: { repeats: 0 },
};

/** The log has it; whoever stored it does not know, and stores it again. */
const publishes: Fault = {
  name: 'lost-publish-acks',
  about:
    'every third acknowledgement of the log is lost on its way to the worker, and of the queue on its way to the coordinator',
  inject: async (run) => {
    let lost = 0;
    let seen = 0;
    for (const link of ['worker-nats', 'coordinator-nats'] as const)
      run.stage.relay(link).watch((direction, { body }) => {
        const isAck = direction === 'down' && body.includes('"stream":"SPOOR_') && body.includes('"seq":');
        if (!isAck || body.includes('"config"') || seen++ % 3 > 0) return 'pass';
        lost += 1;
        return 'drop';
      });
    await run.moment(0.3, 0.6);
    await run.pause(1_000, 4_000);
    run.note(`${lost} lost`);
  },
};

export const lostAcknowledgements: Fault[] = [duplicates, publishes];
