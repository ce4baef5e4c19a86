import { JobResults, type JobSummary } from '#libs/engine/results';
import type { Resources } from '#libs/hosting';
import { WholeFile } from './whole-file.js';

/** The file that a job's results go to. */
export class ResultFile extends WholeFile {
  constructor(path: string) {
    super(path, 'result file');
  }

  /** Folds the whole history into the file. @throws SpoorError invalid_request */
  write({ log, hashKey }: Resources, jobId: string): Promise<JobSummary> {
    const results = new JobResults(log.eventLog, jobId, hashKey);
    return this.fill((put) => results.write(put));
  }
}
