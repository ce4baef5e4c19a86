import type { PageRow, SkippedPage } from '#libs/engine/ports';
import { duration, number, shortUrl } from './format.js';
import { flag, html, type Html } from './html.js';
import { address, choices, empty, paging } from './parts.js';
import { sessionFrame, type SessionHead } from './session-frame.js';
import type { Shell } from './shell.js';

export interface PagesQuery {
  outcome?: string | undefined;
  statusCode?: string | undefined;
  errorCode?: string | undefined;
  robotsBlocked?: string | undefined;
  host?: string | undefined;
  stage?: string | undefined;
  q?: string | undefined;
  cursor?: string | undefined;
}

export interface PagesView {
  head: SessionHead;
  rows: readonly PageRow[];
  /** Instead of rows, where the skipped are asked for. */
  skipped: readonly SkippedPage[] | null;
  next: string | null;
  query: PagesQuery;
  stages: readonly string[];
  /** Whether a retry of what is shown can be asked for: the filter says no more than a retry understands. */
  retry: string | null;
  /** What is wrong with the filter; the list is empty then. */
  problem: string | null;
}

const OUTCOMES = ['fetched', 'failed', 'skipped'] as const;

export function pagesPage(shell: Shell, view: PagesView): string {
  const { head, rows, skipped, next, query, retry, problem } = view;
  const path = `/sessions/${head.jobId}/pages`;
  const { cursor: _, ...kept } = query;
  const list = [
    { name: 'All', href: address(path, { ...kept, outcome: null }), isChosen: query.outcome === undefined },
    ...OUTCOMES.map((outcome) => ({
      name: outcome[0]!.toUpperCase() + outcome.slice(1),
      href: address(path, { ...kept, outcome }),
      isChosen: query.outcome === outcome,
      count: (head.pages ?? head.counted)?.[outcome],
    })),
  ];
  const content = html`<section class="card" aria-label="Pages">
    <div class="toolbar">${choices('Outcome', list)}</div>
    ${filters(path, view)} ${problem && html`<p class="field-error" role="alert">${problem}</p>`}
    ${shell.may.write && retry !== null && rows.length > 0 && html`<p class="small"><a href="${retry}">Retry the pages of this filter…</a></p>`}
    <div id="pages">${skipped ? skippedTable(head.jobId, skipped) : table(head.jobId, rows)}</div>
    ${paging(path, { ...query }, next)}
  </section>`;
  return sessionFrame(shell, head, 'pages', content);
}

function filters(path: string, { query, stages }: PagesView): Html {
  const field = (name: 'statusCode' | 'errorCode' | 'host' | 'q', label: string, size: number): Html =>
    html`<div>
      <label for="f-${name}">${label}</label
      ><input id="f-${name}" name="${name}" value="${query[name] ?? ''}" size="${size}" />
    </div>`;
  return html`<form method="get" action="${path}" class="filters">
    ${query.outcome !== undefined && html`<input type="hidden" name="outcome" value="${query.outcome}" />`}
    ${field('q', 'URL or title', 18)}${field('statusCode', 'Status code', 6)}${field('errorCode', 'Error code', 14)}${field('host', 'Host', 14)}
    ${
      stages.length > 1 &&
      html`<div>
        <label for="f-stage">Stage</label
        ><select id="f-stage" name="stage">
          <option value="">any</option>
          ${stages.map((stage) => html`<option${flag('selected', stage === query.stage)}>${stage}</option>`)}
        </select>
      </div>`
    }
    <div><button>Filter</button> <a class="quiet" href="${path}">Clear</a></div>
  </form>`;
}

const NOTHING = (): Html =>
  empty('No page here.', 'Pages show up a moment after they are recorded; or choose another filter.');

function table(jobId: string, rows: readonly PageRow[]): Html {
  if (rows.length === 0) return NOTHING();
  return html`<table class="list">
    <caption class="unseen">
      Pages, in the order in which they were recorded
    </caption>
    <thead>
      <tr>
        <th scope="col">Page</th>
        <th scope="col" class="num">Status</th>
        <th scope="col" class="wide">Stage</th>
        <th scope="col" class="num wide">Depth</th>
        <th scope="col" class="num">Time</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) =>
          html`<tr>
            <th scope="row">
              <a href="/sessions/${jobId}/pages/${row.id}">${shortUrl(row.url)}</a
              >${row.title !== null && row.title !== '' && html`<small>${row.title.slice(0, 160)}</small>`}${row.errorCode !== null && html`<small class="bad">${row.errorCode}</small>`}
            </th>
            <td class="num">${statusCode(row)}</td>
            <td class="wide">${row.stage}</td>
            <td class="num wide">${number(row.depth)}</td>
            <td class="num">${row.loadTime === null ? '–' : duration(row.loadTime)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

export const statusCode = ({ statusCode: code, errorCode, robotsBlocked }: PageRow): Html =>
  html`<span class="code ${errorCode !== null || code >= 400 ? 'bad' : ''}"
      >${code === 0 ? 'none' : String(code)}</span
    >${robotsBlocked && html`<small class="warn">robots</small>`}`;

function skippedTable(jobId: string, rows: readonly SkippedPage[]): Html {
  if (rows.length === 0) return NOTHING();
  return html`<table class="list">
    <caption class="unseen">
      Pages that were not requested
    </caption>
    <thead>
      <tr>
        <th scope="col">Page</th>
        <th scope="col">Why</th>
        <th scope="col" class="wide">Rule</th>
        <th scope="col" class="num">Event</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        ({ url, code, reason, rule, seq }) =>
          html`<tr>
            <th scope="row" class="break">${shortUrl(url)}</th>
            <td><code>${code}</code><small>${reason}</small></td>
            <td class="wide">${rule !== null && html`<code>${rule}</code>`}</td>
            <td class="num"><a href="/sessions/${jobId}/timeline?seq=${seq}">${seq}</a></td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}
