import { parse as parseSelector } from 'css-what';
import { RE2JS } from 're2js';
import type { z } from 'zod';
import { canonicalUrl, hostOf, jobSpec, jobSpecChanges, parseUrl } from '#libs/events';
import type { FieldRule, JobSpec, JobSpecChanges, Stage } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { wordsOf } from './issue-words.js';
import { proxyIssues } from './proxy-spec.js';

const MAX_PAGES_OF_RANGE = 10_000_000;

interface Issue {
  field: string;
  message: string;
}

/** `start[3]`, `stages[0].fields.name.selector`: the path as the person wrote it. */
const fieldName = (path: PropertyKey[]): string =>
  path.map((p, i) => (typeof p === 'number' ? `[${p}]` : `${i ? '.' : ''}${String(p)}`)).join('');

function refuse(issues: Issue[]): never {
  const first = issues[0] ?? { field: '', message: 'invalid' };
  throw new SpoorError('invalid_request', first.field ? `${first.field}: ${first.message}` : first.message, {
    field: first.field,
    issues: issues.slice(0, 20),
  });
}

/** Zod's issues as fields and messages; an unknown key is named itself, not the object around it. */
function issuesOf(error: z.ZodError): Issue[] {
  return error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ field: fieldName([...issue.path, key]), message: 'unknown field' }))
      : [{ field: fieldName(issue.path), message: wordsOf(issue) }],
  );
}

function checkPattern(field: string, pattern: string, issues: Issue[]): void {
  try {
    RE2JS.compile(pattern);
  } catch {
    issues.push({ field, message: 'is not a regular expression that RE2 understands' });
  }
}

function checkSelector(field: string, selector: string | undefined, issues: Issue[]): void {
  if (selector === undefined) return;
  try {
    parseSelector(selector);
  } catch {
    issues.push({ field, message: 'is not a CSS selector' });
  }
}

function checkFields(field: string, fields: Record<string, FieldRule>, issues: Issue[]): void {
  for (const [name, rule] of Object.entries(fields)) {
    checkSelector(`${field}.${name}.selector`, rule.selector, issues);
    if (rule.fields) checkFields(`${field}.${name}.fields`, rule.fields, issues);
  }
}

const isRendered = ({ render = 'http' }: Stage): boolean => render !== 'http';

function checkStages(stages: Stage[], issues: Issue[]): void {
  const names = new Set<string>();
  stages.forEach((stage, i) => {
    const at = `stages[${i}]`;
    if (names.has(stage.name))
      issues.push({ field: `${at}.name`, message: `two stages are called ${stage.name}` });
    names.add(stage.name);
    checkSelector(`${at}.items`, stage.items, issues);
    checkSelector(`${at}.waitFor`, stage.waitFor, issues);
    if (stage.waitFor !== undefined && !isRendered(stage))
      issues.push({ field: `${at}.waitFor`, message: 'is for stages with render: browser or auto' });
    checkFields(`${at}.fields`, stage.fields, issues);
    stage.follow.forEach((rule, j) => {
      checkSelector(`${at}.follow[${j}].selector`, rule.selector, issues);
      if (rule.pattern !== undefined) checkPattern(`${at}.follow[${j}].pattern`, rule.pattern, issues);
      if (!stages.some((s) => s.name === rule.stage))
        issues.push({ field: `${at}.follow[${j}].stage`, message: `there is no stage called ${rule.stage}` });
    });
  });
}

function hostsOf(urls: Iterable<string>): string[] {
  const hosts = new Set<string>();
  for (const url of urls) hosts.add(hostOf(url));
  return [...hosts];
}

function normalHost(host: string): string | null {
  const url = parseUrl(`http://${host}/`);
  return url?.href === `http://${url?.host}/` ? url.host : null;
}

/** URL of page `n` of a range, canonical; null when the template gives no http(s) URL. */
export const pageOfRange = (template: string, n: number): string | null =>
  canonicalUrl(template.replaceAll('{page}', String(n)));

/**
 * What a person wrote to what a job runs on: defaults, canonical start URLs, explicit hosts and stages. Pure.
 * @throws SpoorError invalid_request, with the field that is wrong
 */
export function resolveSpec(input: unknown): { spec: JobSpec; start: string[] } {
  const parsed = jobSpec.safeParse(input);
  if (!parsed.success) return refuse(issuesOf(parsed.error));
  const { start: given, ...spec } = parsed.data;
  const issues: Issue[] = [];

  const start = new Set<string>();
  given.forEach((url, i) => {
    const canonical = canonicalUrl(url);
    if (canonical === null)
      issues.push({ field: `start[${i}]`, message: 'must be an http or https URL without credentials' });
    else start.add(canonical);
  });
  const { pages } = spec;
  if (pages) {
    if (pages.to < pages.from)
      issues.push({ field: 'pages.to', message: 'must not be less than pages.from' });
    if (pages.to - pages.from >= MAX_PAGES_OF_RANGE)
      issues.push({ field: 'pages.to', message: `the range holds more than ${MAX_PAGES_OF_RANGE} pages` });
    if (pageOfRange(pages.template, pages.from) === null)
      issues.push({ field: 'pages.template', message: 'must give http or https URLs without credentials' });
  }
  if (given.length === 0 && !pages)
    issues.push({ field: 'start', message: 'name at least one start URL, or a page range in pages' });

  issues.push(...proxyIssues(spec.proxy));
  spec.scope.include.forEach((p, i) => checkPattern(`scope.include[${i}]`, p, issues));
  spec.scope.exclude.forEach((p, i) => checkPattern(`scope.exclude[${i}]`, p, issues));
  const hosts = spec.scope.hosts.map((host, i) => {
    const normal = normalHost(host);
    if (normal === null) issues.push({ field: `scope.hosts[${i}]`, message: 'must be a host or host:port' });
    return normal ?? host;
  });
  checkStages(spec.stages, issues);
  if (spec.browser && !spec.stages.some(isRendered))
    issues.push({
      field: 'browser',
      message: 'says how to render, but no stage has render: browser or auto',
    });
  if (issues.length > 0) refuse(issues);

  const first = pages && pageOfRange(pages.template, pages.from);
  return {
    spec: {
      ...spec,
      scope: { ...spec.scope, hosts: hosts.length ? hosts : hostsOf(first ? [...start, first] : start) },
      stages: spec.stages.length ? spec.stages : [{ name: 'page', follow: [{ stage: 'page' }], fields: {} }],
    },
    start: [...start],
  };
}

/** @throws SpoorError invalid_request, with the field that is wrong */
export function resolveChanges(input: unknown): JobSpecChanges {
  const parsed = jobSpecChanges.safeParse(input);
  const issues = parsed.success ? proxyIssues(parsed.data.proxy) : issuesOf(parsed.error);
  return parsed.success && issues.length === 0 ? parsed.data : refuse(issues);
}

/** @throws SpoorError invalid_request, with the field that is wrong */
export function resolveStages(input: unknown): Stage[] {
  const parsed = jobSpec.shape.stages.safeParse(input);
  if (!parsed.success)
    return refuse(issuesOf(parsed.error).map(({ field, message }) => ({ field: `stages${field}`, message })));
  const issues: Issue[] = [];
  checkStages(
    parsed.data.map((stage) => ({ ...stage, follow: [] })),
    issues,
  );
  return issues.length > 0 ? refuse(issues) : parsed.data;
}
