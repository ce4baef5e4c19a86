import type { JobStatus } from '#libs/job';
import { html, type Html } from './html.js';
import { form, type Shell } from './shell.js';

interface Action {
  name: string;
  /** Below the job's address: posted to, or a page that says first what it would do. */
  path: string;
  kind: 'post' | 'page';
}

const post = (name: string, path: string): Action => ({ name, path, kind: 'post' });
const ask = (name: string, path: string): Action => ({ name, path, kind: 'page' });

/** What can be done with a job: first the one that makes sense now. Nothing with one that was removed. */
export function actionsOf(status: JobStatus, failed: number): Action[] {
  const restart = ask('Restart…', '/restart');
  const again = ask('Run as a new session…', '/again');
  switch (status) {
    case 'running':
      return [post('Pause', '/pause'), post('Stop', '/stop')];
    case 'paused':
      return [post('Resume', '/resume'), post('Stop', '/stop'), restart];
    case 'stopped':
    case 'error':
      return [post('Resume', '/resume'), restart, again];
    case 'done':
      return failed > 0
        ? [ask('Retry failed pages…', '/retry?outcome=failed'), again, restart]
        : [again, restart];
    case 'removed':
      return [];
  }
}

export function actionButtons(shell: Shell, jobId: string, status: JobStatus, failed: number): Html {
  const actions = shell.may.write ? actionsOf(status, failed) : [];
  return html`<div class="actions">
    ${actions.map(({ name, path, kind }, i) => {
      const look = i === 0 ? 'primary' : '';
      const target = `/sessions/${jobId}${path}`;
      return kind === 'page'
        ? html`<a class="button ${look}" href="${target}">${name}</a>`
        : form(shell, target, html`<button class="${look}">${name}</button>`);
    })}
  </div>`;
}
