import { catalogue, type EventType } from './catalogue.js';
import type { z } from 'zod';
import type { EventDefinition } from './define.js';
import { checkOf, type Check } from './schema-check.js';

/**
 * Data of an event through the upcasts to the present version, and through its schema. Never throws: what this code cannot read
 * has a reason.
 */
export const toPresent = (type: EventType, version: number, data: unknown): Present =>
  toPresentOf(catalogue[type], version, data);

type Present = { data: unknown } | { reason: string };

/** The same for one definition, in the catalogue or not. */
export function toPresentOf(definition: EventDefinition, version: number, data: unknown): Present {
  const { type, upcasts, version: present, data: schema } = definition;
  if (version > present)
    return { reason: `written by newer code: version ${version}, this code reads up to ${present}` };
  let value = data;
  for (let v = version; v < present; v += 1) {
    const upcast = upcasts[v];
    if (!upcast) return { reason: `there is no way from version ${v} of ${type} to ${v + 1}` };
    try {
      value = upcast(value);
    } catch {
      return { reason: `version ${v} of ${type} could not be brought to ${v + 1}` };
    }
  }
  if (checkFor(schema)?.(value)) return { data: value };
  const checked = schema.safeParse(value);
  if (checked.success) return { data: checked.data };
  const issue = checked.error.issues[0];
  return {
    reason: `its data is malformed: ${issue?.path.join('.') || type}: ${issue?.message ?? 'invalid'}`,
  };
}

const checks = new WeakMap<z.ZodType, { check: Check | null }>();

/** Made at the first event of a type. */
function checkFor(schema: z.ZodType): Check | null {
  let made = checks.get(schema);
  if (!made) checks.set(schema, (made = { check: checkOf(schema) }));
  return made.check;
}
