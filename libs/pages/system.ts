import type { ProjectionStatus } from '#libs/engine';
import type { HealthReport } from '#libs/engine/health';
import { bytes, duration, number, percent, plural } from './format.js';
import { html, type Html } from './html.js';
import { bar, card, facts, scroller } from './parts.js';
import { page, type Shell } from './shell.js';

export interface StreamView {
  shard: number;
  firstSeq: number;
  lastSeq: number;
  bytes: number;
  maxBytes: number | null;
}

/** Tasks of a shard and whether anybody takes them. */
export interface QueueView {
  shard: number;
  tasks: number;
  /** Workers that wait for tasks at this moment. */
  pulls: number;
  lastActivityAt: number | null;
}

export interface SystemView {
  health: HealthReport;
  /** Null where a store does not answer. */
  projections: readonly (ProjectionStatus | null)[];
  streams: readonly (StreamView | null)[];
  queues: readonly (QueueView | null)[];
}

const WORDS = {
  ok: ['good', 'All is well', 'Every part does its work.'],
  degraded: ['warn', 'Somebody should look', 'The engine works; what is below should be seen to.'],
  unavailable: [
    'bad',
    'Something fails',
    'Part of the engine does not do its work. Nothing that is recorded is lost.',
  ],
} as const;

export function systemPage(shell: Shell, { health, projections, streams, queues }: SystemView): string {
  const [mood, title, text] = WORDS[health.status];
  return page(shell, {
    title: 'System',
    place: 'system',
    live: '/sessions/live',
    main: html`<h1>System</h1>
      <div id="health" data-region>
        <section class="notice ${mood}" aria-labelledby="health-title">
          <h2 id="health-title">${title}</h2>
          <p>${text}</p>
        </section>
        <ul class="lamps">
          <li>${lamp('NATS', health.nats)}</li>
          <li>${lamp('Postgres', health.postgres)}</li>
        </ul>
        ${health.findings.map(
          ({ code, severity, message, hint, command, jobs }) =>
            html`<section class="finding ${severity === 'failing' ? 'bad' : 'warn'}">
              <h3>${message}</h3>
              <p>${hint}</p>
              ${command !== null && html`<p><code>${command}</code></p>`}${jobs && html`<p class="small">${jobs.map((id) => html`<a class="mono" href="/sessions/${id}">${id}</a> `)}</p>`}
              <p class="small muted"><code>${code}</code></p>
            </section>`,
        )}
      </div>
      ${card(
        'Projections',
        scroller(
          'Projections',
          html`<table>
            <thead>
              <tr>
                <th scope="col">Shard</th>
                <th scope="col" class="num">Log</th>
                <th scope="col" class="num">Read models</th>
                <th scope="col" class="num">Lag</th>
                <th scope="col" class="num">Waiting for</th>
              </tr>
            </thead>
            <tbody>
              ${health.shards.map(
                ({ shard, lastSeq, projected, lag, lagMs }) =>
                  html`<tr>
                    <th scope="row">${shard}</th>
                    <td class="num">${known(lastSeq)}</td>
                    <td class="num">${known(projected)}</td>
                    <td class="num">${lag === null ? '–' : plural(lag, 'event')}</td>
                    <td class="num">${lagMs === null ? '–' : duration(lagMs)}</td>
                  </tr>`,
              )}
            </tbody>
          </table>`,
        ),
      )}
      ${card('Parked events', parked(projections))} ${card('Workers', workers(queues, shell.now))}
      ${card(
        'Streams',
        html`<ul class="streams">
          ${streams.map((stream, shard) => (stream === null ? html`<li>Shard ${shard}: NATS does not answer.</li>` : streamLine(stream)))}
        </ul>`,
      )}`,
  });
}

const known = (value: number | null): string => (value === null ? '–' : number(value));

const lamp = (name: string, state: 'ok' | 'unavailable' | 'unused'): Html =>
  html`<span class="lamp ${state}"
    ><span class="dot" aria-hidden="true"></span>${name}:
    ${state === 'ok' ? 'answers' : state === 'unused' ? 'not used' : 'does not answer'}</span
  >`;

function parked(projections: SystemView['projections']): Html {
  const list = projections.flatMap((one) => one?.parked ?? []);
  if (projections.some((one) => one === null)) return html`<p class="muted">That cannot be told now.</p>`;
  if (list.length === 0) return html`<p class="muted">None: every event is in the read models.</p>`;
  return html`<ul class="failures">
    ${list.map(
      ({ jobId, firstSeq, reason, events }) =>
        html`<li>
          ${jobId === null ? 'Events of no session' : html`<a class="mono" href="/sessions/${jobId}">${jobId}</a>`}
          <b>${plural(events, 'event')}</b> from ${firstSeq}
          <p>${reason}</p>
        </li>`,
    )}
  </ul>`;
}

function workers(queues: SystemView['queues'], now: number): Html {
  return html`${queues.map((queue, shard) =>
    queue === null
      ? html`<p class="muted">Shard ${shard}: that cannot be told now.</p>`
      : facts([
          ['Shard', String(shard)],
          ['Tasks in the queue', number(queue.tasks)],
          ['Workers that wait for tasks', number(queue.pulls)],
          [
            'Last taken or finished',
            queue.lastActivityAt === null
              ? 'never'
              : `${duration(Math.max(0, now - queue.lastActivityAt))} ago`,
          ],
        ]),
  )}`;
}

function streamLine({ shard, firstSeq, lastSeq, bytes: used, maxBytes }: StreamView): Html {
  const name = `SPOOR_EVENTS_${shard}`;
  return html`<li>
    <span class="mono">${name}</span> events ${number(firstSeq)} to ${number(lastSeq)},
    ${bytes(used)}${maxBytes === null ? ', no limit' : html` of ${bytes(maxBytes)} (${percent(used, maxBytes)} %) ${bar(used, maxBytes, name)}`}
  </li>`;
}
