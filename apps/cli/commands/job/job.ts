import type { Command } from 'commander';
import type { Finish } from '../../finish.js';
import { addJobCommand } from './command.js';
import { addJobFork } from './fork.js';
import { addJobDiff } from './diff.js';
import { addJobExplain } from './explain.js';
import { addJobExport } from './export.js';
import { addJobImport } from './import.js';
import { addJobLs } from './ls.js';
import { addJobProof } from './proof.js';
import { addJobReextract } from './reextract.js';
import { addJobResume } from './resume.js';
import { addRetry } from './retry.js';
import { addJobShow } from './show.js';
import { addJobState } from './state.js';
import { addJobRm } from './rm.js';
import { addJobStatus } from './status.js';
import { addJobTest } from './test.js';
import { addJobWarc } from './warc.js';

const GO_ON = 'Go on: spoor job resume <jobId>';
const NEEDS_ENGINE = 'It is fetched by the engine that runs (spoor up), or by spoor crawl --resume <jobId>.';

/** `spoor job …`: what a person does with jobs; a file for each verb. */
export function addJob(program: Command, finish: Finish): void {
  const job = program.command('job').description('look at jobs and command them').exitOverride();

  addJobLs(job, finish);
  addJobStatus(job, finish);
  addJobExplain(job, finish);
  addJobShow(job, finish);
  addJobState(job, finish);
  addJobDiff(job, finish);
  addJobProof(job, finish);

  addJobResume(job, finish);
  addJobCommand(job, finish, {
    name: 'pause',
    description: 'release nothing more; what is in flight finishes',
    then: GO_ON,
  });
  addJobCommand(job, finish, {
    name: 'stop',
    description: 'end the run now; what is in flight stays open',
    then: GO_ON,
  });
  addJobCommand(job, finish, {
    name: 'restart',
    description: 'a new generation: every page again; nothing is deleted',
    then: NEEDS_ENGINE,
  });
  addRetry(job, finish);
  addJobFork(job, finish);
  addJobReextract(job, finish);
  addJobWarc(job, finish);
  addJobExport(job, finish);
  addJobImport(job, finish);
  addJobTest(job, finish);
  addJobRm(job, finish);
}
