import type { JobAt } from '#libs/job';
import { bytes, duration, number } from './format.js';
import { html } from './html.js';
import { at, badge, bar, card, facts, outward } from './parts.js';
import { page, type Shell } from './shell.js';

/** The session as it was when an event had just been stored. */
export function stateAtPage(shell: Shell, state: JobAt): string {
  const { jobId, seq, storedAt, name, status, pages, stages, lastError } = state;
  const done = pages.discovered - pages.open;
  return page(shell, {
    title: `${name ?? jobId} at ${seq}`,
    place: 'sessions',
    main: html`<nav class="crumbs" aria-label="Breadcrumb">
        <a href="/sessions">Sessions</a> <span aria-hidden="true">/</span>
        <a href="/sessions/${jobId}">${name ?? jobId}</a> <span aria-hidden="true">/</span>
        <a href="/sessions/${jobId}/timeline?seq=${seq}">Event ${seq}</a>
      </nav>
      <div class="head">
        <div class="who">
          <h1>As it was at event ${number(seq)}</h1>
          <p class="status">${badge(status)}<span>${at(storedAt)}</span></p>
        </div>
        <div class="actions">
          <a class="button" href="/sessions/${jobId}/timeline?seq=${seq}">Timeline from here</a>
        </div>
      </div>
      <div class="tally">
        ${bar(done, pages.discovered, 'Pages done')}
        <p class="big"><strong>${number(done)}</strong> of ${number(pages.discovered)} pages known then</p>
      </div>
      <div class="two">
        ${card(
          'Standing',
          facts([
            ['Fetched', number(pages.fetched)],
            ['Failed', number(pages.failed)],
            ['Skipped', number(pages.skipped)],
            ['To go', number(pages.open)],
            ['Last page', state.lastPage !== null && number(state.lastPage)],
            ['Next page', state.nextPage !== null && number(state.nextPage)],
            ['Next URL', state.nextUrl !== null && outward(state.nextUrl)],
            ['Reason', state.reason],
            ['Error', lastError && html`${lastError.message} <code>${lastError.code}</code>`],
          ]),
        )}
        ${card(
          'So far',
          facts([
            ['Run', `${state.run}, generation ${state.generation}`],
            ['Retries', number(state.retries)],
            ['Redirects', number(state.redirects)],
            ['Received', bytes(state.receivedBytes)],
            ['Ran for', duration(state.ranMs)],
          ]),
        )}
      </div>
      ${card(
        'Stages',
        html`<ul class="stages">
          ${Object.entries(stages).map(([stage, counts]) => {
            const ended = counts.fetched + counts.failed + counts.skipped;
            return html`<li>
              <span>${stage}</span>${bar(ended, ended + counts.open, stage)}<span class="num"
                >${number(ended)} of ${number(ended + counts.open)}</span
              >
            </li>`;
          })}
        </ul>`,
      )}`,
  });
}
