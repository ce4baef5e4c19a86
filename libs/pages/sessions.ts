import type { JobStatus } from '#libs/job';
import { duration, number, percent, plural } from './format.js';
import { html, type Html } from './html.js';
import { address, badge, bar, choices, empty, notice, paging, since, type Notice } from './parts.js';
import { form, page, type Shell } from './shell.js';

/** A line of the list of jobs. */
export interface SessionLine {
  jobId: string;
  name: string | null;
  status: JobStatus;
  done: number;
  /** Pages that are known so far; null where nobody counts them now. */
  known: number | null;
  failed: number;
  lastError: string | null;
  /** Of the last minute; null while nothing is measured. */
  perMinute: number | null;
  secondsLeft: number | null;
  /** In words; null: direct. */
  proxy: string | null;
  createdAt: string;
}

export interface SessionsView {
  lines: readonly SessionLine[];
  next: string | null;
  query: { status?: string | undefined; q?: string | undefined; cursor?: string | undefined };
  notice?: Notice | undefined;
}

const STATUSES = ['running', 'error', 'paused', 'stopped', 'done'] as const;

export function sessionsPage(shell: Shell, { lines, next, query, notice: told }: SessionsView): string {
  const { status, q } = query;
  const filters = [
    { name: 'All', href: address('/sessions', { q }), isChosen: status === undefined },
    ...STATUSES.map((one) => ({
      name: one[0]!.toUpperCase() + one.slice(1),
      href: address('/sessions', { status: one, q }),
      isChosen: status === one,
    })),
  ];
  return page(shell, {
    title: 'Sessions',
    place: 'sessions',
    live: '/sessions/live',
    main: html`${told && notice(told)}
      <div class="heading">
        <h1>Sessions</h1>
        ${shell.may.write && html`<a class="button primary" href="/sessions/new">New session</a>`}
      </div>
      <div class="toolbar">
        ${choices('Status', filters)}
        <form method="get" action="/sessions" role="search" class="search">
          ${status !== undefined && html`<input type="hidden" name="status" value="${status}" />`}<label
            class="unseen"
            for="q"
            >Name or id</label
          ><input
            id="q"
            name="q"
            type="search"
            value="${q ?? ''}"
            placeholder="Name or id"
            maxlength="200"
          /><button>Search</button>
        </form>
      </div>
      <div id="sessions" data-region>${lines.length > 0 ? table(shell, lines) : nothing(query)}</div>
      ${paging('/sessions', query, next)}`,
  });
}

function nothing({ status, q }: SessionsView['query']): Html {
  if (status !== undefined || q !== undefined)
    return empty('Nothing matches.', html`<a href="/sessions">Show all sessions</a>`);
  return empty(
    'No session yet.',
    html`A session is one crawl, from its first page to its last. <a href="/sessions/new">Start one</a>, or
      run <code>npm run crawl</code>.`,
  );
}

const table = (shell: Shell, lines: readonly SessionLine[]): Html =>
  html`<table class="list">
    <caption class="unseen">
      Sessions, newest first
    </caption>
    <thead>
      <tr>
        <th scope="col">Session</th>
        <th scope="col">Status</th>
        <th scope="col">Progress</th>
        <th scope="col" class="num wide">Rate</th>
        <th scope="col" class="num wide">Time left</th>
        <th scope="col" class="num">Errors</th>
        <th scope="col" class="wide">Proxy</th>
        <th scope="col" class="num wide">Started</th>
      </tr>
    </thead>
    <tbody>
      ${lines.map((line) => row(shell, line))}
    </tbody>
  </table>`;

const RESUMABLE: ReadonlySet<JobStatus> = new Set(['paused', 'stopped', 'error']);

function row(shell: Shell, line: SessionLine): Html {
  const { jobId, name, status, perMinute, secondsLeft, failed, lastError, proxy, createdAt } = line;
  return html`<tr>
    <th scope="row">
      <a href="/sessions/${jobId}">${name ?? jobId}</a
      >${name !== null && html`<small class="mono">${jobId}</small>`}${lastError !== null && status !== 'running' && html`<small class="bad clamp">${lastError}</small>`}
    </th>
    <td>
      ${badge(status)}${shell.may.write && RESUMABLE.has(status) && form(shell, `/sessions/${jobId}/resume`, html`<button class="small" aria-label="Resume ${name ?? jobId}">Resume</button>`)}
    </td>
    <td class="progress">${progress(line)}</td>
    <td class="num wide">${perMinute === null ? '–' : html`${number(perMinute)}<small>per min</small>`}</td>
    <td class="num wide">${secondsLeft === null ? '–' : duration(secondsLeft * 1000)}</td>
    <td class="num">
      ${failed > 0 ? html`<a class="bad" href="/sessions/${jobId}/pages?outcome=failed">${number(failed)}</a>` : '0'}
    </td>
    <td class="wide">${proxy ?? html`<span class="muted">direct</span>`}</td>
    <td class="num wide">${since(createdAt, shell.now)}</td>
  </tr>`;
}

function progress({ status, done, known, jobId, name }: SessionLine): Html {
  const total = status === 'done' ? done : known;
  if (total === null || total === 0) return html`<span>${plural(done, 'page')}</span>`;
  return html`${bar(done, total, `Progress of ${name ?? jobId}`)}<span
      >${number(done)} of ${number(total)} <span class="muted">${percent(done, total)} %</span></span
    >`;
}
