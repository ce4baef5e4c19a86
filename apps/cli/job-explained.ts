import type { ExplainedFailure, JobExplanation } from '#libs/engine';
import { pageLine, stageLines } from './commands/job/status.js';
import { plain } from './plain.js';
import { command } from './say.js';

type Row = [string, ...string[]];

const CONTENT_CHARS = 160;
const SHOWN = 3;

/** One screen: the answers to what happened, where, why, and how it goes on. */
export function explainedRows(found: JobExplanation): Row[] {
  const { pages, stoppedBy, firstFailure, inFlight, waiting, failures, reason, lastPage, hint } = found;
  const { discovered, fetched, failed, skipped, open } = pages;
  const rows: Row[] = [
    ['known', `${discovered} = ${fetched} fetched + ${failed} failed + ${skipped} skipped + ${open} open`],
  ];
  if (lastPage !== null) rows.push(['pages', pageLine(found)]);
  const stages = stageLines(found.stages);
  if (stages.length > 1) rows.push(['stages', ...stages]);
  if (stoppedBy) rows.push(['stopped', ...failureLines(stoppedBy)]);
  else if (reason) rows.push(['reason', plain(reason)]);
  if (firstFailure && firstFailure.seq !== stoppedBy?.seq)
    rows.push(['first', ...failureLines(firstFailure)]);
  const others = failures.map(({ code, pages: n, url }) => `${n} × ${code}, such as ${plain(url)}`);
  if (others.length > 0) rows.push(['failed', ...first(others)]);
  if (inFlight.count > 0) rows.push(['flying', ...first(inFlight.tasks.map(taskLine), inFlight.count)]);
  if (waiting.length > 0) rows.push(['waiting', ...waiting.map(waitLine)]);
  if (hint && !isSaid(hint, stoppedBy)) rows.push(['hint', hint]);
  const commands = found.commands.map(command);
  if (commands.length > 0) rows.push(['go on', ...commands]);
  return rows;
}

/** The message of a ProxyFailed holds its hint. */
const isSaid = (hint: string, failure: ExplainedFailure | null): boolean =>
  failure !== null && (failure.message.includes(hint) || failure.hint === hint);

function failureLines({
  seq,
  at,
  url,
  page,
  code,
  message,
  statusCode,
  attempt,
  ...more
}: ExplainedFailure): Row {
  const { vendorText, hint, evidence } = more;
  const facts = [
    `event ${seq}`,
    at,
    statusCode > 0 && `HTTP ${statusCode}`,
    attempt !== null && `attempt ${attempt}`,
  ];
  const cut = (text: string): string =>
    text.length > CONTENT_CHARS ? `${text.slice(0, CONTENT_CHARS)}…` : text;
  return [
    `${code}: ${plain(message)}`,
    `${page === null ? '' : `page ${page}: `}${plain(url)}`,
    facts.filter(Boolean).join(', '),
    // The message of a ProxyFailed holds what the proxy said.
    ...(vendorText === null || message.includes(vendorText.replace(/\.$/, ''))
      ? []
      : [`the proxy says: ${plain(vendorText)}`]),
    ...evidence.map(({ type, content }) => `${type}: ${cut(plain(content))}`),
    ...(hint === '' || message.includes(hint) ? [] : [hint]),
  ];
}

const taskLine = ({ url, run, attempt }: JobExplanation['inFlight']['tasks'][number]): string =>
  `${plain(url)}  run ${run}, attempt ${attempt}`;

const waitLine = ({ pages, why, detail, until }: JobExplanation['waiting'][number]): string =>
  `${pages} pages, ${why}: ${plain(detail)}${until === null ? '' : `; until ${until}`}`;

const first = (lines: string[], count = lines.length): string[] => {
  const shown = lines.slice(0, SHOWN);
  return [...shown, ...(count > shown.length ? [`… and ${count - shown.length} more`] : [])];
};
