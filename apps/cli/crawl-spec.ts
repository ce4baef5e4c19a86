import { readFileSync } from 'node:fs';
import type { JobSpecInput } from '#libs/events';
import { SpoorError } from '#libs/failures';

export interface CrawlOptions {
  job?: string;
  maxPages?: number;
  maxDepth?: number;
  concurrency?: number;
  perHost?: number;
  delay?: number;
  include: string[];
  exclude: string[];
  robots?: string;
  bodies?: string;
  render?: string;
  screenshot?: boolean;
}

function readJob(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new SpoorError('invalid_request', `The job file ${file} cannot be read.`, {
      field: '--job',
      hint: 'Name a JSON file with a job spec.',
    });
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Said below.
  }
  throw new SpoorError('invalid_request', `The job file ${file} is not a JSON object.`, { field: '--job' });
}

const part = (job: Record<string, unknown>, name: string): Record<string, unknown> => ({
  ...(job[name] as Record<string, unknown> | undefined),
});

function set(target: Record<string, unknown>, values: Record<string, unknown>): Record<string, unknown> {
  for (const [key, value] of Object.entries(values))
    if (value !== undefined && !(Array.isArray(value) && value.length === 0)) target[key] = value;
  return target;
}

/** The option is for all stages; without any, for the one that every job has. */
export function rendered(spec: JobSpecInput, { render, screenshot }: CrawlOptions): JobSpecInput {
  const { stages = [] } = spec;
  const own =
    Array.isArray(stages) && stages.length > 0 ? stages : [{ name: 'page', follow: [{ stage: 'page' }] }];
  return {
    ...spec,
    // Whether it is a way to render is for the spec to say.
    ...(render === undefined ? {} : { stages: own.map((stage) => ({ ...stage, render: render as 'auto' })) }),
    ...(screenshot ? { browser: { ...spec.browser, screenshot } } : {}),
  };
}

/** Names of the options that say something about the job. */
export function givenNames(options: CrawlOptions): string[] {
  const { job, maxPages, maxDepth, concurrency, perHost, delay, include, exclude, robots, bodies } = options;
  const { render, screenshot } = options;
  const given = {
    ...{ '--job': job, '--max-pages': maxPages, '--max-depth': maxDepth, '--concurrency': concurrency },
    ...{ '--per-host': perHost, '--delay': delay, '--include': include[0], '--exclude': exclude[0] },
    ...{ '--robots': robots, '--bodies': bodies, '--render': render, '--screenshot': screenshot },
  };
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
}

/** What was typed as a job spec, still to be checked; options win over the job file. */
export function specOf(urls: string[], options: CrawlOptions): JobSpecInput {
  const job = options.job === undefined ? {} : readJob(options.job);
  const { maxPages, maxDepth, concurrency, perHost, delay, include, exclude, robots, bodies } = options;
  set(job, {
    start: urls,
    bodies,
    scope: set(part(job, 'scope'), { maxPages, maxDepth, include, exclude }),
    politeness: set(part(job, 'politeness'), { concurrency, perHost, delayMs: delay, robots }),
  });
  return rendered(job as JobSpecInput, options);
}

/** An option's value as a whole number; whether it is in range is for the spec to say. */
export function wholeNumber(name: string): (text: string) => number {
  return (text) => {
    if (/^\d{1,15}$/.test(text)) return Number(text);
    throw new SpoorError('invalid_request', `${name} takes a whole number, not ${JSON.stringify(text)}.`, {
      field: name,
      hint: `For example ${name} 10.`,
    });
  };
}

/** Fields of the spec that options stand for. */
const OPTION_OF: Readonly<Record<string, string>> = {
  ...{ 'scope.maxPages': '--max-pages', 'scope.maxDepth': '--max-depth' },
  ...{ 'scope.include': '--include', 'scope.exclude': '--exclude', bodies: '--bodies' },
  ...{ 'politeness.concurrency': '--concurrency', 'politeness.perHost': '--per-host' },
  ...{ 'politeness.delayMs': '--delay', 'politeness.robots': '--robots', browser: '--screenshot' },
};

/** What is wrong with a spec, by the name of the option where it was typed as one. */
export function asTyped(error: unknown, options: CrawlOptions): unknown {
  if (!(error instanceof SpoorError) || error.details.field === undefined) return error;
  const { field } = error.details;
  const option = OPTION_OF[field.replace(/\[\d+\]$/, '')];
  if (option === undefined || !givenNames(options).includes(option)) return error;
  const message = error.message.startsWith(field)
    ? `${option}${error.message.slice(field.length)}`
    : error.message;
  return new SpoorError(error.code, message, { ...error.details, field: option }, { cause: error });
}
