import { html, type Content, type Html } from './html.js';

/** What every page needs to know of the request that it answers. */
export interface Shell {
  assets: { style: string; script: string; icon: string };
  /** Goes with every form; without it nothing is changed. */
  token: string;
  /** Who signed in with a key; null for the person at the machine, who has none. */
  account: string | null;
  /** What else than to read they may: what they may not is not offered. */
  may: { write: boolean; admin: boolean };
  /** When the page is made, ms since the epoch. */
  now: number;
}

export interface PageParts {
  title: string;
  /** Which entry of the navigation it belongs to. */
  place: 'sessions' | 'system' | null;
  main: Content;
  /** Where its events come from; the page is read anew when one does. */
  live?: string | undefined;
  /** Where it is read again, when that is not where it came from: the answer to a form. */
  self?: string | undefined;
}

const entry = (href: string, name: string, isHere: boolean): Html =>
  isHere ? html`<a href="${href}" aria-current="page">${name}</a>` : html`<a href="${href}">${name}</a>`;

/** A whole document. No style and no script stands in it: the policy of the pages allows none. */
export function page(shell: Shell, { title, place, main, live, self }: PageParts): string {
  const { assets, account, may } = shell;
  return String(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>${title} · Spoor</title>
          <link rel="icon" href="${assets.icon}" type="image/svg+xml" />
          <link rel="stylesheet" href="${assets.style}" />
          <script type="module" src="${assets.script}"></script>
        </head>
        <body>
          <a class="skip" href="#main">Skip to content</a>
          <header class="top">
            <a class="brand" href="/sessions"
              ><svg viewBox="0 0 24 24" aria-hidden="true">
                <ellipse cx="12" cy="16" rx="5" ry="4" />
                <circle cx="5" cy="11" r="2" />
                <circle cx="9.5" cy="6.5" r="2.2" />
                <circle cx="14.5" cy="6.5" r="2.2" />
                <circle cx="19" cy="11" r="2" /></svg
              >Spoor</a
            >
            ${place !== null && html`<nav aria-label="Main">${entry('/sessions', 'Sessions', place === 'sessions')}${may.admin && entry('/system', 'System', place === 'system')}</nav>`}
            <p id="connection" class="connection" role="status"></p>
            <p id="news" class="unseen" role="status"></p>
            ${account !== null && form(shell, '/logout', html`<span class="muted">${account}</span> <button class="quiet">Sign out</button>`, 'account')}
          </header>
          <main
            id="main"
            tabindex="-1"
            ${live !== undefined && html` data-live="${live}"`}${self !== undefined && html` data-self="${self}"`}
          >
            ${main}
          </main>
          <footer class="foot"><span>Times are UTC.</span> <a href="/api/docs">API</a></footer>
        </body>
      </html> `,
  );
}

/** A form that changes something. */
export const form = (shell: Shell, action: string, content: Content, className = ''): Html =>
  html`<form method="post" action="${action}" class="${className}">
    <input type="hidden" name="token" value="${shell.token}" />${content}
  </form>`;
