import { SpoorError } from '#libs/failures';

type Key = string | number;

/** Opaque to the caller: the sort key of the last row that was seen. */
export const encodeCursor = (key: readonly Key[]): string =>
  Buffer.from(JSON.stringify(key)).toString('base64url');

/**
 * @param types what each part of the key must be
 * @throws SpoorError invalid_request, field `cursor`
 */
export function decodeCursor(cursor: string, types: readonly ('number' | 'uuid' | 'text' | 'time')[]): Key[] {
  const key = parse(cursor);
  if (!Array.isArray(key) || key.length !== types.length) throw notACursor();
  return key.map((part: unknown, i) => {
    if (!CHECKS[types[i]!](part)) throw notACursor();
    return part as Key;
  });
}

const CHECKS = {
  number: (part: unknown) => Number.isSafeInteger(part),
  uuid: (part: unknown) =>
    typeof part === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(part),
  text: (part: unknown) =>
    typeof part === 'string' &&
    part.length < 200 &&
    !/[\ud800-\udfff]/.test(part) &&
    !part.includes(String.fromCharCode(0)),
  time: (part: unknown) =>
    typeof part === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(part) &&
    !Number.isNaN(Date.parse(part)),
};

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return null;
  }
}

const notACursor = (): SpoorError =>
  new SpoorError('invalid_request', 'cursor: is not one that an earlier page of this list gave.', {
    field: 'cursor',
  });
