import { flag, html, type Html } from './html.js';
import { notice } from './parts.js';
import { form, page, type Shell } from './shell.js';

export interface StartInput {
  mode: 'url' | 'spec';
  url: string;
  name: string;
  maxPages: string;
  maxDepth: string;
  spec: string;
}

export interface StartView {
  /** Drawn for this form: sent twice, it starts one session. */
  once: string;
  input: StartInput;
  /** Path of a field of the spec → what is wrong with it; '' for the whole. */
  issues: readonly { field: string; message: string }[];
  hint?: string | undefined;
  /** What it is a repetition of. */
  again?: { jobId: string; name: string | null } | undefined;
}

export const BLANK: StartInput = { mode: 'url', url: '', name: '', maxPages: '200', maxDepth: '', spec: '' };

/** Fields of the simple form, by the path that the spec has for them. */
const FIELD_OF: Readonly<Record<string, keyof StartInput>> = {
  ...{
    'start[0]': 'url',
    start: 'url',
    name: 'name',
    'scope.maxPages': 'maxPages',
    'scope.maxDepth': 'maxDepth',
  },
};

export function startPage(shell: Shell, { input, issues, hint, again, once }: StartView): string {
  const problems = new Map(
    issues.map(({ field, message }) => [input.mode === 'url' ? (FIELD_OF[field] ?? field) : 'spec', message]),
  );
  return page(shell, {
    title: 'New session',
    place: 'sessions',
    main: html`<nav class="crumbs" aria-label="Breadcrumb"><a href="/sessions">Sessions</a></nav>
      <h1>${again ? 'Run again' : 'New session'}</h1>
      ${again && html`<p class="muted">A session of its own, with what <a href="/sessions/${again.jobId}">${again.name ?? again.jobId}</a> was told. That one stays as it is.</p>`}
      ${issues.length > 0 && notice({ kind: 'bad', title: 'The session was not started.', text: hint ?? 'Look at the fields that are marked.' })}
      <div class="two start">
        ${!again && simple(shell, input, problems, once)} ${whole(shell, input, issues, once)}
      </div>`,
  });
}

function simple(shell: Shell, input: StartInput, problems: ReadonlyMap<string, string>, once: string): Html {
  const isHere = input.mode === 'url';
  const field = (name: 'url' | 'name' | 'maxPages' | 'maxDepth', label: string, attributes: Html): Html => {
    const problem = isHere ? problems.get(name) : undefined;
    return html`<label for="${name}">${label}</label
      ><input
        id="${name}"
        name="${name}"
        value="${input[name]}"
        ${attributes}${problem !== undefined && html` aria-invalid="true" aria-describedby="${name}-error"`}
      />${problem !== undefined && html`<p class="field-error" id="${name}-error">${problem}</p>`}`;
  };
  const own = new Set(['url', 'name', 'maxPages', 'maxDepth']);
  const others = isHere ? [...problems].filter(([name]) => !own.has(name)) : [];
  return html`<section class="card" aria-labelledby="by-url">
    <h2 id="by-url">From an address</h2>
    <p class="small muted">Follows links within the host of the address.</p>
    ${form(
      shell,
      '/sessions',
      html`<input type="hidden" name="mode" value="url" /><input
          type="hidden"
          name="once"
          value="${once}"
        />${field('url', 'Address', html` type="text" inputmode="url" autocomplete="url" placeholder="https://example.org/"${flag('required', true)}`)}
        ${field('name', 'Name', html` maxlength="200"`)}
        <div class="pair">
          <div>${field('maxPages', 'Pages at most', html` inputmode="numeric"`)}</div>
          <div>${field('maxDepth', 'Links deep at most', html` inputmode="numeric"`)}</div>
        </div>
        ${others.map(([name, message]) => html`<p class="field-error">${name}: ${message}</p>`)}
        <div class="actions"><button class="primary">Start</button></div>`,
      'stacked',
    )}
  </section>`;
}

function whole(shell: Shell, input: StartInput, issues: StartView['issues'], once: string): Html {
  const shown = input.mode === 'spec' ? issues : [];
  return html`<section class="card" aria-labelledby="by-spec">
    <h2 id="by-spec">From a specification</h2>
    <p class="small muted">JSON with all that a session can be told: stages, fields, politeness, a proxy.</p>
    ${form(
      shell,
      '/sessions',
      html`<input type="hidden" name="mode" value="spec" /><input
          type="hidden"
          name="once"
          value="${once}"
        /><label for="spec">Specification</label
        ><textarea
          id="spec"
          name="spec"
          rows="16"
          spellcheck="false"
          class="mono"
          ${shown.length > 0 && html` aria-invalid="true" aria-describedby="spec-error"`}${flag('required', true)}
        >
${input.spec}</textarea>
        ${
          shown.length > 0 &&
          html`<ul class="field-error" id="spec-error">
            ${shown.map(({ field, message }) => html`<li>${field !== '' && html`<code>${field}</code> `}${message}</li>`)}
          </ul>`
        }
        <div class="actions"><button class="primary">Start</button></div>`,
      'stacked',
    )}
  </section>`;
}
