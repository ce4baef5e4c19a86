import type { PageAttempt, PageExplanation } from '#libs/engine';
import type { EvidenceRow } from '#libs/engine/ports';
import { isFailureCode, failures } from '#libs/failures';
import { plain } from './plain.js';

const EVIDENCE_CHARS = 160;

const HEADLINES: Record<PageExplanation['outcome'], string> = {
  fetched: 'fetched',
  failed: 'failed: no usable response',
  skipped: 'skipped: known, and not requested',
  open: 'open: known, without an outcome yet',
  'held-back': 'held back: found on a page, and kept out by a rule of the job',
  unknown: 'not known: neither a start URL nor found on any page that was fetched',
};

/** Rules that hold a link back, by their beginning, in words. */
const RULES: [string, string][] = [
  ['off-host', 'its host is not among the hosts of the job (scope.hosts)'],
  ['not-included', 'no pattern of scope.include matches it'],
  ['exclude:', 'a pattern of scope.exclude matches it'],
  ['too-deep', 'it is deeper than scope.maxDepth'],
  ['unfollowed', 'no rule of the stage follows it'],
  ['robots', 'nothing is followed on a page that robots.txt disallows'],
];

/** One screen: what became of a page, and everything that led there. */
export function whyLines(found: PageExplanation): string[] {
  const { page, attempts, url, pageId } = found;
  return [
    plain(url),
    `  ${HEADLINES[found.outcome]}${page ? statusText(found) : ''}`,
    ...foundLines(found),
    ...(page?.robotsBlocked
      ? ['  robots.txt disallows it: its body was not read, nothing on it was followed']
      : []),
    ...(attempts.length > 0 ? ['attempts', ...attempts.map(attemptLine)] : []),
    ...hintLine(found),
    ...section(found, 'redirect_chain', 'redirects', redirectLines),
    ...section(found, 'robots_check', 'robots.txt', robotsLines),
    ...(found.evidence.length > 0 ? ['evidence', ...found.evidence.map(evidenceLine)] : []),
    `page id ${pageId}`,
  ];
}

function statusText({ page }: PageExplanation): string {
  const { statusCode, metadata, errorCode, title } = page!;
  const error = metadata['error'];
  return [
    ` with HTTP ${statusCode}`.replace(' with HTTP 0', ''),
    typeof error === 'string' ? `: ${plain(error)}` : '',
    errorCode ? ` (${errorCode})` : '',
    title ? `; title: ${plain(title)}` : '',
  ].join('');
}

function foundLines({ foundOn, outcome }: PageExplanation): string[] {
  if (!foundOn) return [];
  const { url, rule } = foundOn;
  if (rule === null) return [`  first found on ${plain(url)}`];
  const words = RULES.find(([name]) => rule.startsWith(name))?.[1];
  const named = rule.startsWith('exclude:') ? ` (${plain(rule.slice('exclude:'.length))})` : '';
  return [
    `  first found on ${plain(url)}`,
    ...(outcome === 'held-back' ? [`  ${words ?? rule}${named}`] : []),
  ];
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 0)} s`;

function attemptLine(attempt: PageAttempt): string {
  const { recordedAt, run, result, code, message, statusCode, durationMs } = attempt;
  const { retryDelayMs, retryAfterMs } = attempt;
  const cause = message ?? (statusCode > 0 ? `HTTP ${statusCode}` : '');
  return [
    `  ${recordedAt}  run ${run}  try ${attempt.try}  ${result.padEnd(7)}`,
    [plain(cause), code ? `(${code})` : ''].filter(Boolean).join(' '),
    durationMs === null ? '' : `took ${seconds(durationMs)}`,
    retryDelayMs === null ? '' : `next in ${seconds(retryDelayMs)}`,
    retryAfterMs === null ? '' : `Retry-After ${seconds(retryAfterMs)}`,
  ]
    .filter(Boolean)
    .join('  ');
}

function hintLine({ page, attempts }: PageExplanation): string[] {
  const code = page?.errorCode ?? attempts.at(-1)?.code;
  return code && isFailureCode(code) ? [`  hint: ${failures[code].hint}`] : [];
}

function section(
  { evidence }: PageExplanation,
  type: string,
  title: string,
  lines: (row: EvidenceRow) => string[],
): string[] {
  const row = evidence.find((one) => one.type === type);
  return row ? [title, ...lines(row)] : [];
}

function redirectLines({ content }: EvidenceRow): string[] {
  const hops = JSON.parse(content) as {
    url: string;
    statusCode: number;
    location: string | null;
    ms: number;
  }[];
  return hops.map(
    ({ url, statusCode, location, ms }) =>
      `  ${statusCode}  ${plain(url)}  →  ${location === null ? '(no Location)' : plain(location)}  ${Math.round(ms)} ms`,
  );
}

function robotsLines({ metadata }: EvidenceRow): string[] {
  const { allowed, policy, reason, rule } = metadata as Record<string, unknown>;
  return [
    `  ${allowed === true ? 'allowed' : 'disallowed'}, policy ${String(policy)}: ${plain(String(reason))}`,
    ...(typeof rule === 'string' ? [`  rule: ${plain(rule)}`] : []),
  ];
}

function evidenceLine({ type, content }: EvidenceRow): string {
  const text = plain(content);
  return `  ${type.padEnd(15)}${text.length > EVIDENCE_CHARS ? `${text.slice(0, EVIDENCE_CHARS)}…` : text}`;
}
