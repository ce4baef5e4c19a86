import type { JobStatus } from '#libs/job';
import { ago, moment, number, percent } from './format.js';
import { html, type Content, type Html } from './html.js';

const STATUS_WORDS: Record<JobStatus, string> = {
  ...{ running: 'Running', paused: 'Paused', stopped: 'Stopped', error: 'Error', done: 'Done' },
  removed: 'Removed',
};
export const statusWord = (status: JobStatus): string => STATUS_WORDS[status];

export const badge = (status: JobStatus): Html =>
  html`<span class="badge ${status}"
    ><span class="dot" aria-hidden="true"></span>${STATUS_WORDS[status]}</span
  >`;

/** @param now ms since the epoch */
export const since = (iso: string, now: number): Html =>
  html`<time datetime="${iso}" title="${moment(iso)} UTC">${ago(Math.max(0, now - Date.parse(iso)))}</time>`;

export const at = (iso: string): Html => html`<time datetime="${iso}">${moment(iso)}</time>`;

/** What a person is told about what they did, or what stands in the way. */
export interface Notice {
  kind: 'good' | 'bad' | 'plain';
  title: string;
  text?: string;
}

export const notice = ({ kind, title, text }: Notice): Html =>
  html`<div class="notice ${kind}" role="${kind === 'bad' ? 'alert' : 'status'}">
    <strong>${title}</strong>${text && html`<p>${text}</p>`}
  </div>`;

/** How much is done: the number is in words beside it, so the bar itself is decoration. */
export function bar(done: number, total: number, label: string): Html {
  const share = percent(done, total);
  return html`<svg
    class="bar"
    viewBox="0 0 100 6"
    preserveAspectRatio="none"
    role="img"
    aria-label="${label}: ${share} %"
  >
    <rect class="track" width="100" height="6" />
    <rect class="fill" width="${share}" height="6" />
  </svg>`;
}

/** A link to a site only where it is a plain web address; anything else is text. */
export const outward = (url: string, text: Content = url): Html =>
  /^https?:\/\//i.test(url)
    ? html`<a class="out" href="${url}" rel="noopener noreferrer nofollow" target="_blank">${text}</a>`
    : html`<span>${text}</span>`;

/** Names and values, one under the other. Values that are null are left out. */
export const facts = (rows: readonly (readonly [name: string, value: Content])[]): Html =>
  html`<dl class="facts">
    ${rows
      .filter(([, value]) => value !== null && value !== undefined && value !== false)
      .map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
  </dl>`;

export const card = (title: string, content: Content, more: { id?: string; aside?: Content } = {}): Html => {
  const id = more.id ?? title.toLowerCase().replaceAll(/[^a-z]+/g, '-');
  return html`<section class="card" id="${id}" aria-labelledby="${id}-title" data-region>
    <header>
      <h2 id="${id}-title">${title}</h2>
      ${more.aside}
    </header>
    ${content}
  </section>`;
};

export const empty = (title: string, text: Content): Html =>
  html`<div class="empty">
    <p><strong>${title}</strong></p>
    <p>${text}</p>
  </div>`;

/** Wide content that scrolls by itself, with the keyboard too. */
export const scroller = (label: string, content: Content): Html =>
  html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">${content}</div>`;

/** An address of this server with what of `query` has a value. */
export function address(path: string, query: Record<string, string | number | null | undefined>): string {
  const given = Object.entries(query).filter(
    ([, value]) => value !== undefined && value !== null && value !== '',
  );
  if (given.length === 0) return path;
  return `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`;
}

/** Links to the rest of a list. */
export function paging(
  path: string,
  query: Record<string, string | undefined>,
  next: string | null,
): Html | null {
  const { cursor, ...rest } = query;
  if (next === null && cursor === undefined) return null;
  return html`<nav class="paging" aria-label="Further pages of this list">
    ${cursor !== undefined && html`<a class="button" href="${address(path, rest)}">First page</a>`}
    ${next !== null && html`<a class="button" href="${address(path, { ...rest, cursor: next })}">Next page</a>`}
  </nav>`;
}

/** A choice of filters, each a link, with the one that holds marked. */
export const choices = (
  label: string,
  list: readonly { name: string; href: string; isChosen: boolean; count?: number | undefined }[],
): Html =>
  html`<nav class="choices" aria-label="${label}">
    ${list.map(
      ({ name, href, isChosen, count }) =>
        html`<a href="${href}" ${isChosen && html` aria-current="true"`}
          >${name}${count !== undefined && html` <span class="count">${number(count)}</span>`}</a
        >`,
    )}
  </nav>`;
