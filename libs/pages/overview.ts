import type { JobExplanation } from '#libs/engine';
import type { LogEntry } from '#libs/events';
import type { HostActivity, JobAt, StageCounts } from '#libs/job';
import { charts, ranking, type ActivitySeries } from './charts.js';
import { bytes, duration, number, plural } from './format.js';
import { html, type Content, type Html } from './html.js';
import { address, bar, card, facts, outward, scroller, since, type Notice } from './parts.js';
import { sessionFrame, type SessionHead } from './session-frame.js';
import type { Shell } from './shell.js';
import { eventList } from './timeline.js';

export interface OverviewCounts extends Pick<JobAt, 'stages' | 'retries' | 'redirects' | 'receivedBytes'> {
  /** The most frequent first. */
  failures: readonly { code: string; pages: number; url: string; hint: string | null }[];
}

export interface OverviewView {
  head: SessionHead;
  /** Null while the history is being read. */
  counts: OverviewCounts | null;
  /** Of a job that runs; null where it is not told. */
  moment: Pick<JobExplanation, 'inFlight' | 'waiting' | 'hint'> | null;
  activity: (ActivitySeries & { hosts: readonly HostActivity[]; hostCount: number }) | null;
  statusCodes: Readonly<Record<string, number>>;
  /** The newest first. */
  latest: readonly LogEntry[];
  politeness: { perHost: number; delayMs: number; concurrency: number };
  /** The spec as JSON. */
  spec: string;
  live: string;
  notice?: Notice | undefined;
}

export function overviewPage(shell: Shell, view: OverviewView): string {
  const { head, counts, moment, activity, latest, live } = view;
  const drawn = activity && charts(activity);
  const content = html` ${card('Activity', drawn ?? reading(activity === null, 'No page has been fetched yet.'))}
    <div class="two">
      ${card('Stages', counts ? stages(counts.stages) : reading(true, ''))}
      ${card('Responses', responses(view))}
    </div>
    ${moment && waiting(moment)}
    ${counts && counts.failures.length > 0 && card('What went wrong', failures(head.jobId, counts))}
    ${card('Hosts', activity && activity.hosts.length > 0 ? hosts(view, activity, shell.now) : reading(activity === null, 'No host has been met yet.'))}
    ${card('Latest events', eventList(head.jobId, latest), { aside: html`<a href="/sessions/${head.jobId}/timeline">Timeline</a>` })}
    <details class="card">
      <summary>Specification</summary>
      <pre class="code" tabindex="0">${view.spec}</pre>
    </details>`;
  return sessionFrame(shell, head, 'overview', content, { notice: view.notice, live });
}

const reading = (isReading: boolean, text: string): Html =>
  isReading
    ? html`<p class="loading" data-unfinished>Reading the history… <a href="">Look again</a></p>`
    : html`<p class="muted">${text}</p>`;

const stages = (counts: Readonly<Record<string, StageCounts>>): Html =>
  html`<ul class="stages">
    ${Object.entries(counts).map(([name, { open, fetched, failed, skipped }]) => {
      const done = fetched + failed + skipped;
      return html`<li>
        <span>${name}</span>${bar(done, done + open, name)}<span class="num"
          >${number(done)} of ${number(done + open)}</span
        >
      </li>`;
    })}
  </ul>`;

const CLASS_OF: Record<string, string> = { 2: 'fetched', 3: 'skipped', 4: 'retried', 5: 'failed' };

function responses({ head, statusCodes, counts }: OverviewView): Html {
  const codes = Object.entries(statusCodes).sort(([, a], [, b]) => b - a);
  const rows = codes.slice(0, 12).map(([name, count]) => ({
    ...{ name, count, className: CLASS_OF[name[0] ?? ''] ?? 'skipped' },
    href: address(`/sessions/${head.jobId}/pages`, { statusCode: name }),
  }));
  return html`${rows.length === 0 ? html`<p class="muted">No response yet.</p>` : ranking(rows, 'Pages by status code')}
  ${
    counts &&
    facts([
      ['Received', bytes(counts.receivedBytes)],
      ['Retries', number(counts.retries)],
      ['Redirects', number(counts.redirects)],
      ['Ran for', duration(head.ranMs)],
    ])
  }`;
}

const failures = (jobId: string, { failures: codes }: OverviewCounts): Html =>
  html`<ul class="failures">
    ${codes.slice(0, 10).map(({ code, pages, url, hint }) => {
      const href = address(`/sessions/${jobId}/pages`, { errorCode: code });
      return html`<li>
        <a href="${href}"><code>${code}</code></a>
        <b>${plural(pages, 'page')}</b>${hint !== null && html`<p>${hint}</p>`}
        <p class="small muted">such as ${outward(url)}</p>
      </li>`;
    })}
  </ul>`;

function waiting({ inFlight, waiting: waits, hint }: NonNullable<OverviewView['moment']>): Content {
  return card(
    'At this moment',
    html`<p>
        ${plural(inFlight.count, 'page')} in flight.${hint !== null && html` <strong>${hint}</strong>`}
      </p>
      ${
        waits.length > 0 &&
        html`<ul class="plain">
          ${waits.map(({ pages, detail }) => html`<li><b>${plural(pages, 'page')}</b> ${pages === 1 ? 'waits' : 'wait'}: ${detail}</li>`)}
        </ul>`
      }`,
  );
}

function hosts(
  { politeness }: OverviewView,
  activity: NonNullable<OverviewView['activity']>,
  now: number,
): Html {
  const { hosts: list, hostCount } = activity;
  return html`<p class="small muted">
      At most ${plural(politeness.perHost, 'request')} at once to a host, ${duration(politeness.delayMs)}
      apart, ${number(politeness.concurrency)} in all. A longer crawl-delay of its robots.txt wins.
    </p>
    ${scroller(
      'Hosts',
      html`<table>
        <thead>
          <tr>
            <th scope="col">Host</th>
            <th scope="col" class="num">Fetched</th>
            <th scope="col" class="num">Failed</th>
            <th scope="col" class="num">Retried</th>
            <th scope="col" class="num">Mean time</th>
            <th scope="col" class="num">Bytes</th>
            <th scope="col">Delay</th>
            <th scope="col" class="num">Last</th>
          </tr>
        </thead>
        <tbody>
          ${list.map(
            (host) =>
              html`<tr>
                <th scope="row">${host.host}</th>
                <td class="num">${number(host.fetched)}</td>
                <td class="num">${number(host.failed)}</td>
                <td class="num">${number(host.retried)}</td>
                <td class="num">${host.meanMs === null ? '–' : duration(host.meanMs)}</td>
                <td class="num">${bytes(host.bytes)}</td>
                <td>${delay(host, politeness.delayMs)}</td>
                <td class="num">${since(new Date(host.lastAt).toISOString(), now)}</td>
              </tr>`,
          )}
        </tbody>
      </table>`,
    )}
    ${hostCount > list.length && html`<p class="small muted">The busiest ${number(list.length)} of ${plural(hostCount, 'host')}.</p>`}`;
}

function delay({ crawlDelayMs, crawlDelayHonouredMs, retryAfterMs }: HostActivity, own: number): Content {
  const asked =
    crawlDelayMs !== null &&
    html`crawl-delay
    ${duration(crawlDelayMs)}${crawlDelayHonouredMs !== null && crawlDelayHonouredMs !== crawlDelayMs && html`, ${duration(crawlDelayHonouredMs)} honoured`}`;
  const retry =
    retryAfterMs !== null && html`${asked && html`<br />`}asked once to wait ${duration(retryAfterMs)}`;
  return asked || retry ? [asked, retry] : duration(own);
}
