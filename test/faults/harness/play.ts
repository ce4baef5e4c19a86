import { until } from '#libs/testing';
import type { Fault } from '../fault.js';
import { oracles } from '../oracles/index.js';
import { gather } from './facts.js';
import { Run } from './run.js';
import type { Stage } from './stage.js';
import type { Stages } from './stages.js';

/** `END`: the job came to its end. `OWN`: the fault's own invariants. */
export const COLUMNS = ['END', ...Object.keys(oracles), 'OWN'];

export interface Verdict {
  fault: string;
  seed: number;
  ms: number;
  /** Column → what is broken; not there when it could not be looked at. */
  broken: Map<string, string[]>;
  /** What was drawn and done. */
  notes: string[];
}

export const isWhole = ({ broken }: Verdict): boolean =>
  COLUMNS.every((column) => broken.get(column)?.length === 0);

/** One seed of one fault, from the job's start to the verdict. */
export async function play(fault: Fault, seed: number, stages: Stages): Promise<Verdict> {
  const began = performance.now();
  const verdict: Verdict = { fault: fault.name, seed, ms: 0, broken: new Map(), notes: [] };
  const site = await Run.siteOf(fault);
  let stage: Stage | null = null;
  try {
    stage = await stages.for(fault);
    const run = new Run(fault, seed, stage, site);
    verdict.notes = run.notes;
    await judge(fault, run, verdict);
  } catch (error) {
    const said = stage?.parts.map(({ name, output }) => `\n      ${name}: ${lastWords(output)}`) ?? [];
    verdict.broken.set('END', [`${error instanceof Error ? error.stack : String(error)}${said.join('')}`]);
  }
  if (fault.spoilsStage || !isWhole(verdict)) await stages.drop();
  fault.cleanUp?.();
  await site.close();
  verdict.ms = performance.now() - began;
  return verdict;
}

async function judge(fault: Fault, run: Run, verdict: Verdict): Promise<void> {
  const { stage } = run;
  await fault.prepare?.(run);
  await run.begin();
  run.lap('started');
  await fault.inject(run);
  await stage.mend();
  run.lap('mended');
  await ended(run);
  run.lap('done');
  const facts = await gather(run);
  run.lap('read');
  verdict.broken.set('END', []);
  for (const [name, oracle] of Object.entries(oracles)) verdict.broken.set(name, oracle(facts));
  verdict.broken.set('OWN', (await fault.check?.(run, facts)) ?? []);
}

/** The job is done, and nothing lies in the queue any more. */
async function ended(run: Run): Promise<void> {
  const { endMs = 180_000 } = run.fault.allow ?? {};
  const { log } = await run.stage.open();
  let last = 'no answer';
  const isDone = async (): Promise<boolean> => {
    const job = await run.api.job(run.jobId);
    if (job) last = `${job.status}, ${job.reason ?? ''} ${JSON.stringify(job.counts)}`;
    return job?.status === 'done';
  };
  await until(isDone, { timeoutMs: endMs, what: 'the job to be done' }).catch(() => {
    throw new Error(`the job does not come to its end: ${last}`);
  });
  const isEmpty = async (): Promise<boolean> => (await log.fetchQueue.snapshot(0)).batches.length === 0;
  await until(isEmpty, { timeoutMs: 60_000, what: 'the fetch queue to be empty' });
}

/** The end of what a process printed, without the lines of each event. */
const lastWords = (output: string): string =>
  output
    .split('\n')
    .filter((line) => line && !line.includes('"msg":"stored"'))
    .slice(-6)
    .join('\n        ')
    .slice(-1500);
