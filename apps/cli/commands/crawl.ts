import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { loadConfig } from '#libs/config';
import { resolveSpec, type JobState } from '#libs/job';
import { SpoorError } from '#libs/failures';
import { findEngine, untilSignal, type Resources } from '#libs/hosting';
import { givenNames, asTyped, rendered, specOf, wholeNumber, type CrawlOptions } from '../crawl-spec.js';
import { withCrawlResources } from '../crawl-resources.js';
import { EXIT } from '../exit-codes.js';
import { exitIfStuck } from '../exit-if-stuck.js';
import type { Finish } from '../finish.js';
import { followJob } from '../follow-job.js';
import type { LocalEngine } from '../local-engine.js';
import { ProgressLine } from '../progress-line.js';
import { ResultFile } from '../result-file.js';
import { command, say } from '../say.js';
import { serveSample, serveSampleOf } from '../sample.js';
import { saySummary, summaryJson } from '../summary.js';
import { lastUnfinished } from '../unfinished.js';
import { untilProjected } from '../until-projected.js';

interface Options extends CrawlOptions {
  out?: string;
  output: 'text' | 'json';
  resume?: string | true;
  allowPrivate?: boolean;
  reason?: string;
}

const collect = (value: string, before: string[]): string[] => [...before, value];

/** `spoor crawl`: one job from start to end, with everything it needs. */
export function addCrawl(program: Command, finish: Finish): void {
  program
    .command('crawl')
    .argument('[urls...]', 'where to start; without any, the bundled sample site is crawled')
    .description('crawl a site to its end and write one JSON line per page')
    .option('--job <file>', 'job spec (JSON); options given here win over it')
    .option('--max-pages <n>', 'pages at most', wholeNumber('--max-pages'))
    .option('--max-depth <n>', 'links away from a start URL at most', wholeNumber('--max-depth'))
    .option('--concurrency <n>', 'requests at once (default 16)', wholeNumber('--concurrency'))
    .option('--per-host <n>', 'requests at once to one host (default 2)', wholeNumber('--per-host'))
    .option('--delay <ms>', 'between two requests to one host (default 250)', wholeNumber('--delay'))
    .option('--include <re>', 'only URLs that match (RE2; repeatable)', collect, [])
    .option('--exclude <re>', 'no URLs that match (RE2; repeatable)', collect, [])
    .addOption(
      new Option('--robots <policy>', 'robots.txt (default mark)').choices(['mark', 'obey', 'ignore']),
    )
    .addOption(
      new Option('--bodies <policy>', 'keep response bodies (default all)').choices([
        'all',
        'failed',
        'none',
      ]),
    )
    .addOption(
      new Option(
        '--render <how>',
        'run scripts: always, or where a page is nothing without (default http)',
      ).choices(['http', 'auto', 'browser']),
    )
    .option('--screenshot', 'keep a picture of each page that a browser rendered')
    .option('--resume [jobId]', 'go on with a job, or with the last unfinished one')
    .option('--reason <text>', 'why, for the record of a resume')
    .option('--allow-private', 'let this crawl reach private addresses: for a site of your own')
    .option('--out <file>', 'result file (default results/<jobId>.jsonl)')
    .addOption(new Option('--output <format>', 'what is printed').choices(['text', 'json']).default('text'))
    .action(async (urls: string[], options: Options) => finish(await crawl(urls, options)));
}

async function crawl(urls: string[], options: Options): Promise<number> {
  const interrupted = new AbortController();
  void untilSignal().then(() => {
    interrupted.abort();
    exitIfStuck(EXIT.interrupted);
  });
  const config = loadConfig();
  if (options.out !== undefined) new ResultFile(options.out).check();
  if (options.resume !== undefined) {
    if (urls.length > 0)
      throw new SpoorError('invalid_request', '--resume goes on with a job; it takes no URLs.', {
        field: '--resume',
      });
    const ignored = givenNames(options);
    if (ignored.length > 0)
      say(`ignored with --resume, which goes on with the job as it is: ${ignored.join(', ')}`);
    return withCrawlResources(config, (...opened) => resume(opened, options, interrupted.signal));
  }
  if (urls.length > 0 || options.job !== undefined) {
    const spec = specOf(urls, options);
    try {
      resolveSpec(spec);
    } catch (error) {
      throw asTyped(error, options);
    }
    return withCrawlResources(config, (...opened) => start(opened, spec, options, interrupted.signal));
  }
  const sample = await serveSample();
  try {
    const spec = rendered({ ...sample.spec, ...withoutStart(specOf([], options), sample.spec) }, options);
    return await withCrawlResources(config, (...opened) =>
      start(opened, spec, options, interrupted.signal, [sample.host]),
    );
  } finally {
    await sample.close();
  }
}

/** Options on top of the sample job: they change its parts, not replace them. */
function withoutStart<T extends { scope?: object; politeness?: object }>(typed: T, sample: T): Partial<T> {
  return {
    scope: { ...sample.scope, ...typed.scope },
    politeness: { ...sample.politeness, ...typed.politeness },
  } as Partial<T>;
}

type Opened = [resources: Resources, engine: () => Promise<LocalEngine>];

async function start(
  opened: Opened,
  spec: unknown,
  options: Options,
  signal: AbortSignal,
  sites: string[] = [],
): Promise<number> {
  const [resources] = opened;
  // Before a job is started whose results would have no place.
  resultFile(options, 'unnamed').check();
  const jobId = resources.jobs.newJobId();
  // Before its first page may be requested.
  allowPrivate(resources, jobId, options, sites);
  await resources.jobs.start(spec, { jobId });
  say(`job ${jobId} started`);
  return seeThrough(opened, jobId, options, signal);
}

/** Whoever types here may let this one job reach what is private; nobody else can, and no other job gains by it. */
function allowPrivate({ privateTargets }: Resources, jobId: string, options: Options, sites: string[]): void {
  const targets = options.allowPrivate ? ['*'] : sites;
  if (targets.length > 0) privateTargets.grant(jobId, targets);
}

async function resume(opened: Opened, options: Options, signal: AbortSignal): Promise<number> {
  const [resources] = opened;
  const jobId = typeof options.resume === 'string' ? options.resume : await lastUnfinished(resources);
  const state = await resources.jobs.state(jobId);
  if (!state) throw new SpoorError('job_not_found', `There is no job ${jobId}.`, { field: '--resume' });
  const site = await serveSampleOf(state.spec);
  allowPrivate(resources, jobId, options, site ? [site.host] : []);
  try {
    if (state.status === 'done') say(`job ${jobId} is done already; its result file is written again`);
    else if (state.status === 'running') say(`job ${jobId} goes on in run ${state.run}`);
    else {
      const { run } = await resources.jobs.resume(jobId, { reason: options.reason });
      say(`job ${jobId} resumed, run ${run}`);
    }
    return await seeThrough(opened, jobId, options, signal);
  } finally {
    await site?.close();
  }
}

const resultFile = ({ out }: Options, jobId: string): ResultFile =>
  new ResultFile(out ?? join('results', `${jobId}.jsonl`));

async function seeThrough(
  [resources, startEngine]: Opened,
  jobId: string,
  options: Options,
  signal: AbortSignal,
): Promise<number> {
  const file = resultFile(options, jobId);
  file.check();
  const engine = await startEngine();
  const line = new ProgressLine(false);
  let state: JobState;
  try {
    state = await followJob(resources, jobId, (progress) => line.show(progress), signal);
    line.end();
    if (state.status !== 'running') await untilProjected(resources, jobId, state.lastSeq, signal);
  } finally {
    await engine.close();
  }
  const summary = await file.write(resources, jobId);
  if (options.output === 'json') process.stdout.write(`${summaryJson(summary, file.path)}\n`);
  else saySummary(summary, file.path, findEngine(resources.config.home)?.url ?? null);
  if (summary.status === 'done') return EXIT.done;
  if (summary.status !== 'running') return EXIT.resumable;
  say(
    engine.own
      ? `interrupted; nothing is lost. Go on: ${command(`crawl --resume ${jobId}`)}`
      : `left; the engine goes on with it. Stop it: ${command(`job stop ${jobId}`)}`,
  );
  return EXIT.interrupted;
}
