import type { FrontierCounts, JobError, JobStatus } from '#libs/job';
import { actionButtons } from './actions.js';
import { duration, number, percent, plural } from './format.js';
import { html, type Content, type Html } from './html.js';
import { badge, bar, notice, outward, since, type Notice } from './parts.js';
import { page, type Shell } from './shell.js';

/** What stands above every page of a session. */
export interface SessionHead {
  jobId: string;
  name: string | null;
  status: JobStatus;
  run: number;
  generation: number;
  createdAt: string;
  updatedAt: string;
  /** As whoever decided it said. */
  reason: string | null;
  lastError: JobError | null;
  proxy: string | null;
  /** Null while the history is still being read. */
  pages: FrontierCounts | null;
  /** Of the read models: what is shown until then. */
  counted: { fetched: number; failed: number; skipped: number } | null;
  perMinute: number | null;
  secondsLeft: number | null;
  ranMs: number;
}

export type Tab = 'overview' | 'timeline' | 'pages' | 'items';
const TABS: readonly (readonly [Tab, string, string])[] = [
  ['overview', 'Overview', ''],
  ['timeline', 'Timeline', '/timeline'],
  ['pages', 'Pages', '/pages'],
  ['items', 'Items', '/items'],
];

/** A page of a session under its head. @param live false for pages that tell of one moment */
export function sessionFrame(
  shell: Shell,
  head: SessionHead,
  tab: Tab,
  content: Content,
  more: { notice?: Notice | undefined; live?: string | undefined; title?: string } = {},
): string {
  const { jobId, name, status } = head;
  const title = name ?? jobId;
  const failed = (head.pages ?? head.counted)?.failed ?? 0;
  return page(shell, {
    title: more.title ?? title,
    place: 'sessions',
    live: more.live,
    self: tab === 'overview' ? `/sessions/${jobId}` : undefined,
    main: html`<nav class="crumbs" aria-label="Breadcrumb"><a href="/sessions">Sessions</a></nav>
      ${more.notice && notice(more.notice)}
      <div id="head" class="head" data-region>
        <div class="who">
          <h1>${title}</h1>
          <p class="status">${badge(status)}<span>${standing(head, shell.now)}</span></p>
          <p class="muted small">
            <span class="mono">${jobId}</span> · started ${since(head.createdAt, shell.now)} · run
            ${head.run}${head.generation > 1 && html` · generation ${head.generation}`} ·
            ${head.proxy === null ? 'direct' : html`through ${head.proxy}`}
          </p>
        </div>
        ${actionButtons(shell, jobId, status, failed)}
      </div>
      <div id="why" data-region>${why(head)}</div>
      <div id="progress" data-region>${overall(head)}</div>
      <nav class="tabs" aria-label="Session">
        ${TABS.map(([key, label, path]) => html`<a href="/sessions/${jobId}${path}" ${key === tab && html` aria-current="page"`}>${label}</a>`)}
      </nav>
      ${content}`,
  });
}

function standing(
  { status, reason, updatedAt, ranMs, perMinute, secondsLeft }: SessionHead,
  now: number,
): Content {
  switch (status) {
    case 'running':
      return [
        perMinute !== null && `${plural(perMinute, 'page')} per minute`,
        secondsLeft !== null && `, about ${duration(secondsLeft * 1000)} left`,
        perMinute === null && `for ${duration(ranMs)}`,
      ];
    case 'done':
      return html`after ${duration(ranMs)}, ${since(updatedAt, now)}`;
    default:
      return html`${since(updatedAt, now)}${reason !== null && html` · “${reason}”`}`;
  }
}

/** Why it does not go on, and what helps. */
function why({ jobId, status, lastError }: SessionHead): Html | null {
  if (status === 'removed')
    return notice({
      kind: 'plain',
      title: 'This session was removed.',
      text: 'Its history and bodies are gone; only its tombstone is left.',
    });
  if (status !== 'error' || lastError === null) return null;
  const { code, message, hint, url, page: pageNo, seq } = lastError;
  const [, first = message, rest = ''] = /^(.*?\.)\s+(.*)$/s.exec(message) ?? [];
  return html`<section class="notice bad" aria-labelledby="why-title">
    <h2 id="why-title">Why it stopped</h2>
    <p class="message">${first}</p>
    ${rest !== '' && html`<p>${rest}</p>`} ${!message.includes(hint) && html`<p>${hint}</p>`}
    <p class="small">
      <code>${code}</code> at ${pageNo !== null && html`page ${number(pageNo)}, `}${outward(url)} ·
      <a href="/sessions/${jobId}/timeline?seq=${seq}">event ${seq}</a>
    </p>
    <p class="small">No page was lost: Resume tries the proxy first, then goes on behind what is done.</p>
  </section>`;
}

function overall({ pages, counted }: SessionHead): Html {
  if (pages === null) {
    const seen = counted ?? { fetched: 0, failed: 0, skipped: 0 };
    return html`<div class="tally" data-unfinished>
      <p class="small muted">The history of this session is being read; what is known so far:</p>
      ${tally(seen)}
    </div>`;
  }
  const { discovered, open } = pages;
  const done = discovered - open;
  return html`<div class="tally">
    ${bar(done, discovered, 'Pages done')}
    <p class="big">
      <strong>${number(done)}</strong> of ${number(discovered)} known pages
      <span class="muted">${percent(done, discovered)} %</span>
    </p>
    ${tally(pages)}
  </div>`;
}

const tally = (of: { fetched: number; failed: number; skipped: number; open?: number }): Html =>
  html`<ul class="outcomes">
    <li class="fetched"><b>${number(of.fetched)}</b> fetched</li>
    <li class="failed"><b>${number(of.failed)}</b> failed</li>
    <li class="skipped"><b>${number(of.skipped)}</b> skipped</li>
    ${of.open !== undefined && html`<li class="open"><b>${number(of.open)}</b> to go</li>`}
  </ul>`;
