const sorted = (values) => [...values].sort((a, b) => a - b);

export function median(values) {
  const all = sorted(values);
  const middle = all.length >> 1;
  return all.length % 2 ? all[middle] : (all[middle - 1] + all[middle]) / 2;
}

export const percentile = (values, p) =>
  sorted(values)[Math.min(values.length - 1, Math.floor(values.length * p))];

const show = (value) =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));

/** One row of the report. `values`: one of each run. */
export const row = (figure, unit, values, note = '') => ({
  figure,
  unit,
  median: median(values),
  values: values.map((value) => Number(value.toPrecision(5))),
  note,
});

export function table(rows) {
  const lines = rows.map(({ figure, unit, median: middle, values, note }) => {
    const range = values.length > 1 ? `${show(Math.min(...values))} – ${show(Math.max(...values))}` : '';
    return `| ${figure} | ${show(middle)} ${unit} | ${range} | ${values.length} | ${note} |`;
  });
  return ['| figure | median | range | runs | |', '| --- | --- | --- | --- | --- |', ...lines].join('\n');
}
