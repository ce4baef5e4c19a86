import { catalogue, type EventType } from './catalogue.js';

/**
 * Data of an event through the upcasts to the present version, and through its schema. Never throws: what this code cannot read
 * has a reason.
 */
export function toPresent(
  type: EventType,
  version: number,
  data: unknown,
): { data: unknown } | { reason: string } {
  const { upcasts, version: present, data: schema } = catalogue[type];
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
  const checked = schema.safeParse(value);
  if (checked.success) return { data: checked.data };
  const issue = checked.error.issues[0];
  return {
    reason: `its data is malformed: ${issue?.path.join('.') || type}: ${issue?.message ?? 'invalid'}`,
  };
}
