import type { ActivityMark, ActivityPoint } from '#libs/job';
import { bytes, clockTime, duration, moment, number } from './format.js';
import { html, type Html } from './html.js';

/** What the charts of a session are drawn from. */
export interface ActivitySeries {
  widthMs: number;
  points: readonly ActivityPoint[];
  marks: readonly ActivityMark[];
}

/** Columns that a chart has room for. */
const COLUMNS = 96;
const HEIGHT = 100;
/** So many empty spans in a row are drawn as one break: a job may rest for days. */
const BREAK = 4;

interface Column {
  at: number;
  point: ActivityPoint | null;
  /** Nothing happened for long before it. */
  isAfterBreak: boolean;
}

/** The last spans of time side by side, long rests cut out. */
export function columnsOf({ widthMs, points }: ActivitySeries): Column[] {
  const columns: Column[] = [];
  for (const point of points.slice(-COLUMNS)) {
    const last = columns.at(-1);
    const missing = last ? Math.round((point.at - last.at) / widthMs) - 1 : 0;
    const shown = missing > BREAK ? 1 : missing;
    for (let i = 0; i < shown; i++)
      columns.push({ at: last!.at + (i + 1) * widthMs, point: null, isAfterBreak: false });
    columns.push({ at: point.at, point, isAfterBreak: missing > BREAK });
  }
  return columns.slice(-COLUMNS);
}

/** The next round number above, so that the scale does not jump about. */
function ceiling(value: number): number {
  if (value <= 0) return 1;
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((step) => step * size).find((round) => round >= value)!;
}

const r = (value: number): number => Math.round(value * 100) / 100;

interface Layer {
  name: string;
  className: string;
  value: (point: ActivityPoint) => number | null;
}

interface Plot {
  id: string;
  title: string;
  layers: readonly Layer[];
  kind: 'stack' | 'lines';
  /** Of a number on the scale. */
  label: (value: number) => string;
  /** In words, for those who do not see it. */
  summary: string;
}

/** Bars or lines over time, drawn as SVG by the server; the words of the scale are text beside it. */
function plot(
  columns: readonly Column[],
  widthMs: number,
  { id, title, layers, kind, label, summary }: Plot,
): Html {
  const values = columns.map(({ point }) => layers.map(({ value }) => (point ? value(point) : null)));
  const heights = values.map((of) =>
    kind === 'stack'
      ? of.reduce<number>((sum, v) => sum + (v ?? 0), 0)
      : Math.max(0, ...of.map((v) => v ?? 0)),
  );
  const top = ceiling(Math.max(0, ...heights));
  const count = Math.max(columns.length, 24);
  const shapes = kind === 'stack' ? bars(values, layers, top) : lines(values, layers, top);
  const first = columns[0]!;
  // Few spans do not fill the width; the end of the axis is where it would be full.
  const end = columns.length < count ? first.at + count * widthMs : columns.at(-1)!.at + widthMs;
  return html`<figure class="chart" id="chart-${id}">
    <figcaption>
      <span class="name">${title}</span
      ><span class="legend"
        >${layers.length > 1 && layers.map(({ name, className }) => html`<span class="key ${className}">${name}</span>`)}</span
      >
    </figcaption>
    <div class="plot">
      <span class="top">${label(top)}</span
      ><svg
        viewBox="0 0 ${count} ${HEIGHT}"
        preserveAspectRatio="none"
        role="img"
        aria-label="${title}: ${summary}"
      >
        <line class="grid" x1="0" x2="${count}" y1="${HEIGHT / 2}" y2="${HEIGHT / 2}" />
        ${shapes}${columns.map(({ isAfterBreak }, x) => isAfterBreak && html`<line class="break" x1="${x - 0.5}" x2="${x - 0.5}" y1="0" y2="${HEIGHT}" />`)}
      </svg>
    </div>
    <div class="axis"><span>${axisTime(first.at, end)}</span><span>${axisTime(end, first.at)}</span></div>
  </figure>`;
}

function axisTime(at: number, other: number): string {
  const iso = new Date(at).toISOString();
  return iso.slice(0, 10) === new Date(other).toISOString().slice(0, 10)
    ? clockTime(iso).slice(0, 8)
    : moment(iso).slice(0, 16);
}

function bars(values: (number | null)[][], layers: readonly Layer[], top: number): Html[] {
  return values.flatMap((of, x) => {
    let base = HEIGHT;
    return of.map((value, layer) => {
      if (!value) return html``;
      // What happened is seen, however little it is beside the rest.
      const height = Math.max(1, (value / top) * HEIGHT);
      base -= height;
      return html`<rect
        class="${layers[layer]!.className}"
        x="${x + 0.1}"
        y="${r(base)}"
        width="0.8"
        height="${r(height)}"
      />`;
    });
  });
}

function lines(values: (number | null)[][], layers: readonly Layer[], top: number): Html[] {
  return layers.map(({ className }, layer) => {
    let path = '';
    let isPen = false;
    values.forEach((of, x) => {
      const value = of[layer] ?? null;
      if (value === null) return;
      const y = r(HEIGHT - (value / top) * HEIGHT);
      // A point alone would not be seen.
      path += isPen ? `L${x + 0.5} ${y}` : `M${x} ${y}L${x + 0.5} ${y}`;
      isPen = true;
    });
    return html`<path class="${className}" d="${path}" />`;
  });
}

/** Pages per minute with their outcomes, time of responses, bytes. Null while nothing has happened. */
export function charts(series: ActivitySeries): Html | null {
  const columns = columnsOf(series);
  if (columns.length === 0) return null;
  const perMinute = 60_000 / series.widthMs;
  const points = columns.flatMap(({ point }) => point ?? []);
  const total = (value: (point: ActivityPoint) => number): number =>
    points.reduce((sum, p) => sum + value(p), 0);
  const peak = Math.max(...points.map((p) => (p.fetched + p.failed + p.skipped) * perMinute));
  const medians = points.flatMap(({ p50 }) => p50 ?? []);
  const slowest = Math.max(0, ...points.map(({ p95 }) => p95 ?? 0));
  return html`<div class="charts">
    ${plot(columns, series.widthMs, {
      ...{ id: 'pages', title: 'Pages per minute', kind: 'stack', label: number },
      layers: [
        { name: 'fetched', className: 'fetched', value: (p) => p.fetched * perMinute },
        { name: 'failed', className: 'failed', value: (p) => p.failed * perMinute },
        { name: 'skipped', className: 'skipped', value: (p) => p.skipped * perMinute },
        { name: 'retried', className: 'retried', value: (p) => p.retried * perMinute },
      ],
      summary: `at most ${number(peak)}; ${number(total((p) => p.fetched))} fetched, ${number(total((p) => p.failed))} failed, ${number(total((p) => p.skipped))} skipped, ${number(total((p) => p.retried))} retried`,
    })}
    ${plot(columns, series.widthMs, {
      ...{ id: 'latency', title: 'Response time', kind: 'lines', label: duration },
      layers: [
        { name: 'median', className: 'p50', value: (p) => p.p50 },
        { name: '95th percentile', className: 'p95', value: (p) => p.p95 },
      ],
      summary:
        medians.length === 0
          ? 'no response yet'
          : `median about ${duration(medians.at(-1)!)} at the end, 95th percentile ${duration(slowest)} at most`,
    })}
    ${plot(columns, series.widthMs, {
      ...{ id: 'bytes', title: 'Bytes per minute', kind: 'stack', label: bytes },
      layers: [{ name: 'bytes', className: 'bytes', value: (p) => p.bytes * perMinute }],
      summary: `${bytes(total((p) => p.bytes))} in all`,
    })}
  </div>`;
}

/** Counts by name as bars that lie, the largest whole. */
export function ranking(
  rows: readonly { name: string; count: number; className: string; href?: string }[],
  label: string,
): Html {
  const most = Math.max(1, ...rows.map(({ count }) => count));
  return html`<ul class="ranking" aria-label="${label}">
    ${rows.map(
      ({ name, count, className, href }) =>
        html`<li>
          ${href === undefined ? html`<span>${name}</span>` : html`<a href="${href}">${name}</a>`}<svg
            viewBox="0 0 100 8"
            preserveAspectRatio="none"
            aria-hidden="true"
          >
            <rect class="${className}" width="${r(Math.max(1, (count / most) * 100))}" height="8" /></svg
          ><b>${number(count)}</b>
        </li>`,
    )}
  </ul>`;
}
