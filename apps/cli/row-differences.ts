import { canonicalText, type RowComparison, type RowDifference } from '#libs/read-models';
import { plain } from './plain.js';

const VALUE_CHARS = 120;

const WORDS: Record<RowDifference['kind'], string> = {
  missing: 'is not there, and the log makes it',
  extra: 'is there, and the log does not make it',
  different: 'differs',
};

/** Rows that differ, in words; nothing when none does. */
export function differenceLines({ differing, differences }: RowComparison): string[] {
  if (differing === 0) return [];
  return [
    `${differing} rows differ${differing > differences.length ? `; the first ${differences.length}` : ''}:`,
    ...differences.flatMap(({ table, key, kind, columns }) => [
      `  ${table} ${key.join(' ')} ${WORDS[kind]}`,
      ...columns.map(
        ({ name, made, found }) => `    ${name}: the log makes ${shown(made)}, live is ${shown(found)}`,
      ),
    ]),
  ];
}

function shown(value: unknown): string {
  const text = plain(canonicalText(value));
  return text.length > VALUE_CHARS ? `${text.slice(0, VALUE_CHARS)}…` : text;
}
