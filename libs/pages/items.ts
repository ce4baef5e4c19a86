import type { ItemRow } from '#libs/engine/ports';
import { number, shortUrl } from './format.js';
import { html, type Html } from './html.js';
import { address, choices, empty, paging, scroller } from './parts.js';
import { sessionFrame, type SessionHead } from './session-frame.js';
import type { Shell } from './shell.js';

export interface ItemsView {
  head: SessionHead;
  rows: readonly ItemRow[];
  next: string | null;
  query: { stage?: string | undefined; cursor?: string | undefined };
  stages: readonly string[];
}

const MAX_COLUMNS = 12;

export function itemsPage(shell: Shell, { head, rows, next, query, stages }: ItemsView): string {
  const path = `/sessions/${head.jobId}/items`;
  const download = (format: string): string =>
    address(`/api/jobs/${head.jobId}/items`, { format, stage: query.stage });
  const content = html`<section class="card" aria-label="Items">
    <div class="toolbar">
      ${stages.length > 1 ? choices('Stage', [{ name: 'All', href: path, isChosen: query.stage === undefined }, ...stages.map((stage) => ({ name: stage, href: address(path, { stage }), isChosen: stage === query.stage }))]) : html`<span></span>`}
      <span class="export"
        >Export all: <a href="${download('csv')}" download>CSV</a>
        <a href="${download('ndjson')}" download="${head.jobId}-items.ndjson">NDJSON</a></span
      >
    </div>
    ${rows.length === 0 ? empty('No item yet.', 'Items are what the fields of a stage extract from its pages.') : itemTable(head.jobId, rows, true)}
    ${paging(path, query, next)}
  </section>`;
  return sessionFrame(shell, head, 'items', content);
}

/** Items with a column for each field. */
export function itemTable(jobId: string, rows: readonly ItemRow[], withPage: boolean): Html {
  const names = [...new Set(rows.flatMap(({ data }) => Object.keys(data)))];
  const columns = names.slice(0, MAX_COLUMNS);
  return html`${scroller(
    'Items',
    html`<table>
      <thead>
        <tr>
          ${withPage && html`<th scope="col">Page</th>`}
          <th scope="col">Stage</th>
          ${columns.map((name) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ pageId, url, stage, data }) =>
            html`<tr>
              ${withPage && html`<td><a href="/sessions/${jobId}/pages/${pageId}">${shortUrl(url, 40)}</a></td>`}
              <td>${stage}</td>
              ${columns.map((name) => html`<td class="words">${cell(data[name])}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>`,
  )}${names.length > columns.length && html`<p class="small muted">${number(names.length - columns.length)} more fields are in the export.</p>`}`;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const isList = Array.isArray(value) && value.every((one) => typeof one === 'string');
  const text = typeof value === 'string' ? value : isList ? value.join(', ') : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
