import { eventSummary, isUnreadable, type EventType, type LogEntry } from '#libs/events';
import { clockTime, moment } from './format.js';
import { html, type Html } from './html.js';
import { address, choices, empty } from './parts.js';
import { sessionFrame, type SessionHead } from './session-frame.js';
import type { Shell } from './shell.js';

/** What a reader may want to see alone. */
export const TIMELINE_FILTERS = {
  decisions: 'Decisions',
  problems: 'Problems',
  fetched: 'Fetched',
} as const;
export type TimelineFilter = keyof typeof TIMELINE_FILTERS;

export interface TimelineView {
  head: SessionHead;
  entries: readonly LogEntry[];
  filter: TimelineFilter | undefined;
  /** Where the reader jumped to; undefined: the end. */
  seq: number | undefined;
  /** Sequences to go on from; null where there is nothing more. */
  older: number | null;
  newer: number | null;
  live: string | undefined;
}

const MOODS: Partial<Record<EventType, string>> = {
  ...{ ProxyFailed: 'bad', FetchFailed: 'bad', FetchRetried: 'warn', PageSkipped: 'quiet' },
  ...{ JobCompleted: 'good', JobStarted: 'good', JobResumed: 'good', JobPaused: 'warn', JobStopped: 'warn' },
};

/** Events one under the other; each can be named by its sequence, and leads to the job as it was then. */
export function eventList(jobId: string, entries: readonly LogEntry[], chosen?: number): Html {
  if (entries.length === 0) return empty('No event here.', 'Choose another filter or sequence.');
  return html`<ol class="events">
    ${entries.map((entry) => eventLine(jobId, entry, entry.seq === chosen))}
  </ol>`;
}

function eventLine(jobId: string, entry: LogEntry, isChosen: boolean): Html {
  const iso = new Date(entry.storedAt).toISOString();
  const type = isUnreadable(entry) ? 'Unreadable' : entry.type;
  const mood = isUnreadable(entry) ? 'bad' : (MOODS[entry.type] ?? '');
  return html`<li id="e${entry.seq}" class="${mood}" ${isChosen && html` aria-current="true"`}>
    <a class="seq" href="/sessions/${jobId}/at/${entry.seq}" title="The session as it was at this moment"
      >${entry.seq}</a
    ><time datetime="${iso}" title="${moment(iso)} UTC">${clockTime(iso)}</time><b>${type}</b
    ><span class="what">${eventSummary(entry)}</span>
  </li>`;
}

export function timelinePage(shell: Shell, view: TimelineView): string {
  const { head, entries, filter, seq, older, newer, live } = view;
  const path = `/sessions/${head.jobId}/timeline`;
  const list = [
    { name: 'All', href: address(path, { seq }), isChosen: filter === undefined },
    ...(Object.entries(TIMELINE_FILTERS) as [TimelineFilter, string][]).map(([key, name]) => ({
      ...{ name, href: address(path, { show: key, seq }), isChosen: filter === key },
    })),
  ];
  const content = html`<section class="card" aria-label="Timeline">
    <div class="toolbar">
      ${choices('Events', list)}
      <form method="get" action="${path}" class="search">
        ${filter !== undefined && html`<input type="hidden" name="show" value="${filter}" />`}<label for="seq"
          >Sequence</label
        ><input
          id="seq"
          name="seq"
          inputmode="numeric"
          pattern="[0-9]{1,15}"
          value="${seq ?? ''}"
          size="8"
          required
        /><button>Jump</button>
      </form>
    </div>
    <p class="small muted">The newest first. A sequence leads to the session as it was at that moment.</p>
    <div id="events" data-region>${eventList(head.jobId, entries, seq)}</div>
    <nav class="paging" aria-label="Further events">
      ${newer !== null && html`<a class="button" href="${address(path, { show: filter, seq: newer })}">Newer</a>`}${seq !== undefined && html`<a class="button" href="${address(path, { show: filter })}">Newest</a>`}${older !== null && html`<a class="button" href="${address(path, { show: filter, before: older })}">Older</a>`}
    </nav>
  </section>`;
  return sessionFrame(shell, head, 'timeline', content, { live });
}
