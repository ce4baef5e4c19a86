import { until } from '#libs/testing';
import type { Fault } from '../fault.js';

const AT_ONCE = 50;

export const racingCommands: Fault = {
  name: 'racing-commands',
  about:
    '50 commands at once: of 50 resumes one wins, and a mixed crowd leaves a state that follows from its decisions',
  inject: async (run) => {
    const { api, jobId, random } = run;
    await run.moment(0.1, 0.4);
    await api.command(jobId, random.pick(['pause', 'stop']));
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, () => api.ask('POST', `/api/jobs/${jobId}/resume`, {})),
    );
    const won = answers.filter((answer) => answer?.status === 200).length;
    const lost = answers.filter((answer) => answer?.status === 409).length;
    run.note(`${won} of ${AT_ONCE} resumes won, ${lost} lost`);
    if (won !== 1 || lost !== AT_ONCE - 1)
      throw new Error(`${won} of ${AT_ONCE} resumes won and ${lost} were refused; exactly one should win`);
    await run.moment(0.3, 0.7);
    const crowd = Array.from({ length: AT_ONCE }, () => random.pick(['pause', 'resume', 'stop', 'resume']));
    await Promise.all(crowd.map((action) => api.command(jobId, action)));
    const runs = async (): Promise<boolean> => {
      const job = await api.job(jobId);
      if (job?.status === 'paused' || job?.status === 'stopped') await api.command(jobId, 'resume');
      return job?.status === 'running' || job?.status === 'done';
    };
    await until(runs, { timeoutMs: 30_000, what: 'the job to run after all' });
  },
  // Each stop aborts what is in flight.
  allow: { repeats: 32 * 15 },
};
