import type { PageAttempt } from '#libs/engine';
import type { EvidenceRow, ItemRow, PageRow } from '#libs/engine/ports';
import { duration, moment, number } from './format.js';
import { html, type Content, type Html } from './html.js';
import { itemTable } from './items.js';
import { at, card, facts, outward, scroller } from './parts.js';
import { statusCode } from './pages-table.js';
import { form, page, type Shell } from './shell.js';

export interface PageDetailView {
  jobId: string;
  jobName: string | null;
  page: PageRow;
  attempts: readonly PageAttempt[];
  openAgain: boolean;
  evidence: readonly EvidenceRow[];
  items: readonly ItemRow[];
  /** How the body can be seen; `none`: no body is kept, or it is nothing to be seen. */
  body: { view: 'html' | 'image' | 'text' | 'none'; isKept: boolean };
  shown: 'page' | 'source';
  mayRetry: boolean;
}

export function pageDetail(shell: Shell, view: PageDetailView): string {
  const { jobId, jobName, page: row, attempts, openAgain, evidence, items, mayRetry } = view;
  const ofType = (type: string) => evidence.find((one) => one.type === type);
  const retry =
    mayRetry &&
    shell.may.write &&
    form(
      shell,
      `/sessions/${jobId}/retry`,
      html`<input type="hidden" name="url" value="${row.url}" /><button class="primary">Fetch again</button>`,
    );
  return page(shell, {
    title: row.title || row.url,
    place: 'sessions',
    main: html`<nav class="crumbs" aria-label="Breadcrumb">
        <a href="/sessions">Sessions</a> <span aria-hidden="true">/</span>
        <a href="/sessions/${jobId}">${jobName ?? jobId}</a> <span aria-hidden="true">/</span>
        <a href="/sessions/${jobId}/pages">Pages</a>
      </nav>
      <div class="head">
        <div class="who">
          <h1 class="break">${row.title || row.h1 || 'Page without a title'}</h1>
          <p class="break">${outward(row.url)}</p>
          <p class="status">
            ${statusCode(row)}
            <span
              >${row.outcome}${openAgain && html`, and asked for again: what stands here is the outcome before`}</span
            >
          </p>
        </div>
        <div class="actions">${retry}</div>
      </div>
      <div class="two">
        ${card(
          'Response',
          facts([
            ['Final URL', row.finalUrl !== row.url && outward(row.finalUrl)],
            ['Error', row.errorCode !== null && html`<code>${row.errorCode}</code>`],
            ['Content type', row.contentType],
            ['Stage', row.stage],
            ['Depth', number(row.depth)],
            ['Heading', row.h1],
            ['Event', html`<a href="/sessions/${jobId}/timeline?seq=${row.seq}">${row.seq}</a>`],
          ]),
        )}
        ${card('Timing', timing(ofType('fetch_timing')))}
      </div>
      ${card('Redirects', redirects(ofType('redirect_chain'), row))}
      ${card('robots.txt', robots(ofType('robots_check')))} ${card('Attempts', attemptTable(jobId, attempts))}
      ${card('Items', items.length === 0 ? html`<p class="muted">No item was extracted from this page.</p>` : itemTable(jobId, items, false))}
      ${card('Body', body(view), { aside: view.body.isKept && html`<a href="/api/jobs/${jobId}/pages/${row.id}/body" download>Download</a>` })}
      ${card('Headers', headers(ofType('http_headers')))}`,
  });
}

/** Evidence is kept as text; what is no JSON is shown as nothing rather than as an error. */
function parsed(row: EvidenceRow | undefined): unknown {
  try {
    return row ? JSON.parse(row.content) : null;
  } catch {
    return null;
  }
}

const text = (of: unknown): string => (typeof of === 'string' ? of : JSON.stringify(of ?? null));
const field = (of: unknown, name: string): unknown =>
  typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;

function timing(row: EvidenceRow | undefined): Html {
  if (!row) return html`<p class="muted">No timing is kept of this page.</p>`;
  const { startTime, duration: took, ttfb } = row.metadata;
  return facts([
    [
      'Began',
      typeof startTime === 'number' && `${moment(new Date(startTime).toISOString())}, worker's clock`,
    ],
    ['First byte after', typeof ttfb === 'number' && duration(ttfb)],
    ['Took', typeof took === 'number' && duration(took)],
  ]);
}

function redirects(row: EvidenceRow | undefined, { finalUrl }: PageRow): Html {
  const steps = parsed(row);
  if (!Array.isArray(steps) || steps.length === 0) return html`<p class="muted">It was not redirected.</p>`;
  return html`<ol class="chain">
    ${steps.map(
      (step: unknown) =>
        html`<li>
          <span class="code">${text(field(step, 'statusCode'))}</span> ${outward(text(field(step, 'url')))}
          <small class="muted"
            >${typeof field(step, 'ms') === 'number' && duration(Number(field(step, 'ms')))}</small
          >
        </li>`,
    )}
    <li><span class="code">end</span> ${outward(finalUrl)}</li>
  </ol>`;
}

function robots(row: EvidenceRow | undefined): Html {
  if (!row)
    return html`<p class="muted">robots.txt was not asked about this page, or what it said is not kept.</p>`;
  const { allowed, reason, rule, policy, confidence, crawlDelayMs, crawlDelayHonouredMs } = row.metadata;
  const delays: Content = typeof crawlDelayMs === 'number' && [
    duration(crawlDelayMs),
    typeof crawlDelayHonouredMs === 'number' &&
      crawlDelayHonouredMs !== crawlDelayMs &&
      `, ${duration(crawlDelayHonouredMs)} honoured`,
  ];
  return facts([
    [
      'Verdict',
      html`<b class="${allowed === true ? 'good' : 'bad'}"
        >${allowed === true ? 'allowed' : 'disallowed'}</b
      >`,
    ],
    ['Rule', typeof rule === 'string' && html`<code>${rule}</code>`],
    ['Reason', text(reason)],
    ['Policy', `${text(policy)}, confidence ${text(confidence)}`],
    ['Crawl-delay', delays],
  ]);
}

function attemptTable(jobId: string, attempts: readonly PageAttempt[]): Html {
  if (attempts.length === 0)
    return html`<p class="muted">The log holds no attempt of this page any more.</p>`;
  return scroller(
    'Attempts',
    html`<table>
      <thead>
        <tr>
          <th scope="col" class="num">Event</th>
          <th scope="col">Recorded</th>
          <th scope="col">Result</th>
          <th scope="col" class="num">Status</th>
          <th scope="col" class="num">Took</th>
          <th scope="col">What happened</th>
        </tr>
      </thead>
      <tbody>
        ${attempts.map(
          ({
            seq,
            recordedAt,
            run,
            result,
            statusCode: code,
            durationMs,
            code: failure,
            message,
            retryDelayMs,
            retryAfterMs,
          }) =>
            html`<tr>
              <td class="num"><a href="/sessions/${jobId}/timeline?seq=${seq}">${seq}</a></td>
              <td>${at(recordedAt)}</td>
              <td>${result}<small>run ${run}</small></td>
              <td class="num">${code === 0 ? '–' : String(code)}</td>
              <td class="num">${durationMs === null ? '–' : duration(durationMs)}</td>
              <td>
                ${failure !== null && html`<code>${failure}</code> `}${message}${retryDelayMs !== null && html`<small>again after ${duration(retryDelayMs)}${retryAfterMs !== null && html`, the site asked for ${duration(retryAfterMs)}`}</small>`}
              </td>
            </tr>`,
        )}
      </tbody>
    </table>`,
  );
}

function headers(row: EvidenceRow | undefined): Html {
  const found = parsed(row);
  const entries = typeof found === 'object' && found !== null ? Object.entries(found) : [];
  if (entries.length === 0) return html`<p class="muted">No headers are kept of this page.</p>`;
  return scroller(
    'Headers',
    html`<table class="pairs">
      <tbody>
        ${entries.map(
          ([name, value]) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td class="mono break">${text(value)}</td>
            </tr>`,
        )}
      </tbody>
    </table>`,
  );
}

/** A foreign page is shown in a frame that may nothing: no scripts, no forms, no origin, no network. */
function body({ jobId, page: row, body: { view, isKept }, shown }: PageDetailView): Html {
  if (!isKept)
    return html`<p class="muted">
      No body is kept of this page. Which are is for the session to say: <code>bodies</code>.
    </p>`;
  if (view === 'none') return html`<p class="muted">This kind of body cannot be shown here; download it.</p>`;
  const self = `/sessions/${jobId}/pages/${row.id}`;
  const isSource = view === 'text' || shown === 'source';
  return html`${view !== 'text' && html`<nav class="choices" aria-label="How the body is shown"><a href="${self}" ${!isSource && html` aria-current="true"`}>As a page</a>${view === 'html' && html`<a href="${self}?shown=source#body" ${isSource && html` aria-current="true"`}>Source</a>`}</nav>`}
    <p class="small muted">
      Shown without scripts, forms and network; images and styles from elsewhere are missing.
    </p>
    <iframe
      class="body"
      sandbox=""
      referrerpolicy="no-referrer"
      loading="lazy"
      title="Body of the response"
      src="${self}/body?as=${isSource ? 'source' : 'page'}"
    ></iframe>`;
}
