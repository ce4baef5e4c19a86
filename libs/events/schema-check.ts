import type { z } from 'zod';

/** Whether parsing would give back just what it was given. False says nothing: then parsing has to tell. */
export type Check = (value: unknown) => boolean;

/**
 * A quick question made from a schema: would it accept this JSON value and return an equal one, keys in the same order? Parsing
 * copies each object and list of every event at each of its readers, to find them as they were. Null when the schema has a part that
 * this does not know.
 */
export function checkOf(schema: z.ZodType): Check | null {
  const def: Definition = schema.def;
  if (def.checks && def.type !== 'number') return null;
  switch (def.type) {
    case 'string':
      return def.format === undefined ? isString : null;
    case 'boolean':
      return isBoolean;
    case 'unknown':
      return anything;
    case 'number':
      return numberCheck(def);
    case 'enum': {
      const values = new Set<unknown>(Object.values(def.entries!));
      return (value) => values.has(value);
    }
    case 'nullable':
      return within(def.innerType!, (inner) => (value) => value === null || inner(value));
    case 'array':
      return within(def.element!, listCheck);
    case 'record':
      return checkOf(def.keyType!) === isString ? within(def.valueType!, recordCheck) : null;
    case 'object':
      return def.catchall === undefined ? objectCheck(def.shape!) : null;
    default:
      return null;
  }
}

/** What zod keeps of a schema; its own types tell it apart by class, which costs a case for each. */
interface Definition {
  type: string;
  format?: string;
  checks?: { _zod: { def: { check: string; value?: unknown; inclusive?: boolean } } }[];
  entries?: Record<string, unknown>;
  innerType?: z.ZodType;
  element?: z.ZodType;
  keyType?: z.ZodType;
  valueType?: z.ZodType;
  shape?: Record<string, z.ZodType>;
  catchall?: unknown;
}

const isString: Check = (value) => typeof value === 'string';
const isBoolean: Check = (value) => typeof value === 'boolean';
const anything: Check = () => true;

const within = (schema: z.ZodType, make: (inner: Check) => Check): Check | null => {
  const inner = checkOf(schema);
  return inner && make(inner);
};

function numberCheck({ format, checks = [] }: Definition): Check | null {
  if (format !== undefined && format !== 'safeint') return null;
  let least = -Infinity;
  let above = -Infinity;
  for (const { _zod } of checks) {
    const { check, value, inclusive } = _zod.def;
    if (check !== 'greater_than' || typeof value !== 'number') return null;
    if (inclusive) least = Math.max(least, value);
    else above = Math.max(above, value);
  }
  const isNumber = format === 'safeint' ? Number.isSafeInteger : Number.isFinite;
  return (value) => isNumber(value) && (value as number) >= least && (value as number) > above;
}

const listCheck =
  (element: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return false;
    for (let i = 0; i < value.length; i++) if (!element(value[i])) return false;
    return true;
  };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const recordCheck =
  (inner: Check): Check =>
  (value) => {
    if (!isObject(value)) return false;
    // The one key that a record of zod's leaves out.
    for (const key in value) if (key === '__proto__' || !inner(value[key])) return false;
    return true;
  };

interface Field {
  key: string;
  check: Check;
  isOptional: boolean;
}

function objectCheck(shape: Record<string, z.ZodType>): Check | null {
  const fields: Field[] = [];
  for (const [key, schema] of Object.entries(shape)) {
    const { type, innerType } = schema.def as Definition;
    const isOptional = type === 'optional';
    const check = checkOf(isOptional ? innerType! : schema);
    if (!check) return null;
    fields.push({ key, check, isOptional });
  }
  return (value) => isObject(value) && hasFields(value, fields);
}

/** Exactly the fields of the schema, in its order. */
function hasFields(value: Record<string, unknown>, fields: readonly Field[]): boolean {
  let at = 0;
  for (const key in value) {
    while (at < fields.length && fields[at]!.key !== key) if (!fields[at++]!.isOptional) return false;
    if (at === fields.length || !fields[at++]!.check(value[key])) return false;
  }
  while (at < fields.length) if (!fields[at++]!.isOptional) return false;
  return true;
}
