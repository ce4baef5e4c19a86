const REPLACEMENT = '\uFFFD';
const NUL = String.fromCharCode(0);

/**
 * Text as Postgres can keep it: U+0000 and lone surrogates become U+FFFD, everything else stays. Always the same for the same
 * text, so a rebuild gives the same rows.
 */
export function storableText(text: string): string {
  const hasNul = text.includes(NUL);
  if (!hasNul && !/[\ud800-\udfff]/.test(text)) return text;
  const withoutNul = hasNul ? text.replaceAll(NUL, REPLACEMENT) : text;
  return withoutNul.replace(/\p{Surrogate}/gu, REPLACEMENT);
}

/** A value as JSON that jsonb takes. JSON.stringify writes what must not be there as `\u0000` and `\ud8…`. */
export function storableJson(value: unknown): string {
  const json = JSON.stringify(value);
  return /\\u(?:0000|d[89a-f])/.test(json) ? JSON.stringify(storableValue(value)) : json;
}

/** A value with all its texts as Postgres can keep them. */
export function storableValue(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map(storableValue);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [storableText(key), storableValue(v)]));
}
