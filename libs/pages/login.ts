import { html } from './html.js';
import { notice } from './parts.js';
import { form, page, type Shell } from './shell.js';

/** @param next where to go then, an address of this server @param problem why the last try was none */
export function loginPage(shell: Shell, { next, problem }: { next: string; problem: string | null }): string {
  return page(shell, {
    title: 'Sign in',
    place: null,
    main: html`<section class="card narrow" aria-labelledby="login-title">
      <h1 id="login-title">Sign in</h1>
      <p class="muted">
        With an API key. Whoever runs this server makes one: <code>spoor key create --scopes admin</code>.
      </p>
      ${problem !== null && notice({ kind: 'bad', title: problem })}
      ${form(
        shell,
        '/login',
        html`<input type="hidden" name="next" value="${next}" /><label for="key">API key</label
          ><input
            id="key"
            name="key"
            type="password"
            autocomplete="current-password"
            required
            maxlength="200"
          />
          <div class="actions"><button class="primary">Sign in</button></div>`,
        'stacked',
      )}
    </section>`,
  });
}
