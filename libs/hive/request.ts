import { parseUrl } from '#libs/events';
import type { HiveProblem } from './codes.js';
import { problems } from './problems.js';

export const waitStrategies = ['load', 'domcontentloaded', 'network_idle', 'selector', 'timeout'] as const;
export type WaitStrategy = (typeof waitStrategies)[number];

/** Longest URL that is taken. */
export const MAX_URL = 8192;
/** Longest selector that is taken. */
export const MAX_SELECTOR = 2048;
/** No wait is longer, whatever is asked for, ms. */
export const MAX_WAIT_MS = 40_000;
/** How much longer than its wait a strategy may hang in the browser before the tab is closed, ms. */
export const WAIT_GRACE_MS = 10_000;
/** No request is worked on for longer, seconds. */
export const MAX_TIMEOUT_S = 600;

/** What both services ask for alike, as it came: absent fields are empty or 0. */
export interface PageFields {
  url: string;
  timeoutSeconds: number;
  waitStrategy: string;
  waitTimeoutMs: number;
  waitSelector: string;
  skipSelector: string;
}

export interface RequestDefaults {
  timeoutSeconds: number;
  waitStrategy: Exclude<WaitStrategy, 'selector'>;
  waitTimeoutMs: number;
}

/** A request whose every field has been looked at. */
export interface PageRequest {
  url: string;
  timeoutMs: number;
  wait: WaitStrategy;
  waitMs: number;
  waitSelector: string | null;
  skipSelector: string | null;
}

/** What is wrong with a URL, in the words that clients know; null: nothing. */
export function urlProblem(text: string): HiveProblem | null {
  if (text.length > MAX_URL) return problems.invalidUrl(`longer than ${MAX_URL} characters`);
  const url = parseUrl(text);
  if (url === null) {
    if (!/^\s*[a-z][a-z0-9+.-]*:/i.test(text)) return problems.invalidUrl('relative URL without a base');
    if (/^\s*https?:\/*(?:$|[?#])/i.test(text)) return problems.invalidUrl('empty host');
    return problems.invalidUrl('not a URL');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return problems.invalidUrl(`the scheme ${url.protocol.slice(0, 40)} is not http or https`);
  if (url.username !== '' || url.password !== '')
    return problems.invalidUrl('credentials do not belong in a URL');
  return null;
}

const seconds = (asked: number, fallback: number): number =>
  Math.min(asked > 0 ? asked : fallback, MAX_TIMEOUT_S);

/** Fills in defaults and caps what is too much. */
export function readRequest(fields: PageFields, defaults: RequestDefaults): PageRequest | HiveProblem {
  const bad = urlProblem(fields.url);
  if (bad) return bad;
  for (const [name, value] of [
    ['wait_selector', fields.waitSelector],
    ['skip_selector', fields.skipSelector],
  ] as const)
    if (value.length > MAX_SELECTOR) return problems.badField(name, `longer than ${MAX_SELECTOR} characters`);
  const asked = fields.waitStrategy || (fields.waitSelector ? 'selector' : defaults.waitStrategy);
  const wait = waitStrategies.find((one) => one === asked);
  if (!wait) return problems.badField('wait_strategy', `one of ${waitStrategies.join(', ')}`);
  if (wait === 'selector' && !fields.waitSelector)
    return problems.badField('wait_selector', 'the strategy selector needs one');
  return {
    url: parseUrl(fields.url)!.href,
    timeoutMs: seconds(fields.timeoutSeconds, defaults.timeoutSeconds) * 1000,
    wait,
    waitMs: Math.min(fields.waitTimeoutMs > 0 ? fields.waitTimeoutMs : defaults.waitTimeoutMs, MAX_WAIT_MS),
    waitSelector: fields.waitSelector || null,
    skipSelector: fields.skipSelector || null,
  };
}

export const isProblem = (value: object): value is HiveProblem => 'code' in value && 'message' in value;
