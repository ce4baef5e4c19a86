import { html, type Content } from './html.js';
import { form, page, type Shell } from './shell.js';

export interface Confirmation {
  jobId: string;
  jobName: string | null;
  title: string;
  /** What will happen, before it does. */
  text: Content;
  button: string;
  action: string;
  /** Goes along with the form. */
  fields?: Readonly<Record<string, string>>;
}

export function confirmPage(
  shell: Shell,
  { jobId, jobName, title, text, button, action, fields = {} }: Confirmation,
): string {
  return page(shell, {
    title,
    place: 'sessions',
    main: html`<nav class="crumbs" aria-label="Breadcrumb">
        <a href="/sessions">Sessions</a> <span aria-hidden="true">/</span>
        <a href="/sessions/${jobId}">${jobName ?? jobId}</a>
      </nav>
      <section class="card narrow" aria-labelledby="confirm-title">
        <h1 id="confirm-title">${title}</h1>
        ${text}
        ${form(
          shell,
          action,
          html`${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}<label
              for="reason"
              >Reason <span class="muted">(goes into the log)</span></label
            ><input id="reason" name="reason" maxlength="1000" />
            <div class="actions">
              <button class="primary">${button}</button
              ><a class="button" href="/sessions/${jobId}">Leave it</a>
            </div>`,
          'stacked',
        )}
      </section>`,
  });
}
