import { html } from './html.js';
import { page, type Shell } from './shell.js';

export interface ErrorView {
  title: string;
  message: string;
  hint: string;
  /** Ties the page to the server's log; null where there is nothing to look for. */
  requestId: string | null;
}

export const errorPage = (shell: Shell, { title, message, hint, requestId }: ErrorView): string =>
  page(shell, {
    title,
    place: 'sessions',
    main: html`<section class="card narrow" aria-labelledby="error-title">
      <h1 id="error-title">${title}</h1>
      <p>${message}</p>
      <p class="muted">${hint}</p>
      ${requestId !== null && html`<p class="small muted">Request <code>${requestId}</code></p>`}
      <p><a class="button" href="/sessions">All sessions</a></p>
    </section>`,
  });
