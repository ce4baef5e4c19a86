const SECRET_WORDS =
  'authorization|password|passwd|secret|token|cookie|api[-_]?key|private[-_]?key|credential';
const SECRET_KEY = new RegExp(SECRET_WORDS, 'i');
const SECRET_FIELD = new RegExp(String.raw`("[^"\\]*(?:${SECRET_WORDS})[^"\\]*":)"(?:[^"\\]|\\.)*"`, 'gi');
const CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@"'\\]*@/gi;
const BEARER = /\b(Bearer|Basic)\s+[\w.~+/=-]+/gi;
const HIDDEN = '[hidden]';
const DEEPEST = 8;

/** Text without the credentials of URLs and without Authorization values. */
export const scrubText = (text: string): string =>
  text.replace(CREDENTIALS, '$1').replace(BEARER, `$1 ${HIDDEN}`);

/** A line of JSON without secrets, for what reached it past `scrub`. */
export const scrubLine = (line: string): string => scrubText(line).replace(SECRET_FIELD, `$1"${HIDDEN}"`);

function scrubError(error: Error, depth: number): unknown {
  const { code, cause } = error as Error & { code?: unknown };
  return {
    type: error.name,
    message: scrubText(error.message),
    ...(code === undefined ? {} : { code }),
    ...(cause === undefined ? {} : { cause: scrub(cause, depth + 1) }),
  };
}

/** A copy of `value` that may be logged: secrets are left out by the names of their keys and the shape of their text. */
export function scrub(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return scrubText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEEPEST) return '[deep]';
  if (value instanceof Error) return scrubError(value, depth);
  if (value instanceof Date) return value;
  if (value instanceof URL) return scrubText(value.href);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.map((item) => scrub(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, SECRET_KEY.test(key) ? HIDDEN : scrub(item, depth + 1)]),
  );
}
