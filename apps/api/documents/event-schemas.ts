import { z } from 'zod';
import { catalogue, type EventType } from '#libs/events';

type JsonSchema = Record<string, unknown>;

/** JSON Schema of an event's data as the log holds it, in its present version. */
export function eventSchema(type: EventType): JsonSchema {
  const { data, version, family, bulky } = catalogue[type];
  const { $schema, ...schema } = z.toJSONSchema(data, { io: 'output' }) as JsonSchema;
  return {
    $schema,
    $id: `urn:spoor:event:${type}:${version}`,
    title: type,
    'x-family': family,
    ...(bulky.length > 0 && { 'x-bulky': bulky }),
    ...schema,
  };
}
