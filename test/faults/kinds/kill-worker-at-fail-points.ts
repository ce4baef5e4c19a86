import type { Fault } from '../fault.js';

const POINTS = ['after_fetch', 'after_publish', 'before_ack'] as const;

/** The worker kills itself where it hurts: answer here and not in the log, in the log and not known, known and not acknowledged. */
export const killWorkerAtFailPoints: Fault[] = POINTS.map((point) => ({
  name: `kill-worker-${point.replace('_', '-')}`,
  about: `the worker dies by SIGKILL ${point.replace('_', ' ')}`,
  prepare: async (run) => {
    const worker = run.stage.part('worker');
    const nth = run.random.int(1, point === 'before_ack' ? 20 : 150);
    run.note(`${point}:${nth}`);
    await worker.kill9();
    worker.start({ SPOOR_FAIL_AT: `${point}:${nth}` });
    await worker.ready();
  },
  inject: (run) => run.stage.part('worker').died(),
}));
