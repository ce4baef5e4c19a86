import { catalogue, subjects, type EventType } from '#libs/events';
import { eventSchema } from './event-schemas.js';

type Json = Record<string, unknown>;

const types = Object.keys(catalogue) as EventType[];
const string = (description: string): Json => ({ type: 'string', description });

/** CloudEvents 1.0 in NATS headers, as `encodeEnvelope` of the JetStream adapter writes them. */
const headers = (type: EventType): Json => ({
  type: 'object',
  required: ['Nats-Msg-Id', 'ce-id', 'ce-type', 'ce-time', 'ce-source', 'ce-dataschema', 'ce-specversion'],
  properties: {
    'Nats-Msg-Id': string('Equals ce-id; names this event for ever.'),
    'ce-specversion': { const: '1.0' },
    'ce-id': string('Percent-encoded as the NATS binding of CloudEvents asks for.'),
    'ce-type': { const: `dev.spoor.${type}` },
    'ce-source': { const: 'spoor' },
    'ce-time': { type: 'string', format: 'date-time', description: "Producer's clock." },
    'ce-subject': string('URL of the page, for page events; percent-encoded.'),
    'ce-correlationid': string('Id of the job.'),
    'ce-causationid': string('Id of the event or command that caused this one.'),
    'ce-dataschema': {
      type: 'string',
      pattern: `^urn:spoor:event:${type}:\\d+$`,
      description: `Names the version of the data; the present one is ${catalogue[type].version}.`,
    },
    'ce-datacontenttype': { const: 'application/json' },
    traceparent: string('W3C trace context.'),
    'Content-Encoding': { enum: ['gzip'], description: 'Present when the payload is gzipped JSON.' },
  },
});

const message = (type: EventType): Json => ({
  name: type,
  title: type,
  contentType: 'application/json',
  headers: headers(type),
  payload: { $ref: `#/components/schemas/${type}` },
});

const parameters = {
  shard: { description: 'Shard of the event log; the part of a job id before its hyphen.', examples: ['0'] },
  jobId: { description: 'Id of the job.', examples: ['0-0mwrgbbepvikwgjc'] },
};

const channel = (address: string, description: string, of: readonly EventType[]): Json => ({
  address,
  description,
  parameters,
  messages: Object.fromEntries(of.map((type) => [type, { $ref: `#/components/messages/${type}` }])),
  'x-jetstream': {
    stream: subjects.eventStream(0).replace(/0$/, '{shard}'),
    storage: 'file',
    deduplicatedBy: 'Nats-Msg-Id',
    readBy: 'ordered or pull consumers; the engine keeps no durable ones',
  },
});

const operation = (name: string, of: readonly EventType[]): Json => ({
  action: 'send',
  channel: { $ref: `#/channels/${name}` },
  summary: name === 'decisions' ? 'A decision on a job was recorded.' : 'A fact about a page was recorded.',
  messages: of.map((type) => ({ $ref: `#/channels/${name}/messages/${type}` })),
});

/** A schema and its parts under names of the document: a reference within a document counts from the document's root. */
function componentsOf(type: EventType): Json {
  const { $schema: _schema, $id: _id, ...rest } = eventSchema(type);
  const text = JSON.stringify(rest).replaceAll('"#/$defs/', `"#/components/schemas/${type}.`);
  const { $defs = {}, ...schema } = JSON.parse(text) as { $defs?: Json };
  const parts = Object.entries($defs).map(([name, part]) => [`${type}.${name}`, part]);
  return { [type]: schema, ...Object.fromEntries(parts) };
}

/** AsyncAPI 3.0 of the event log, from the catalogue. */
export function asyncApiDocument(): Json {
  const decisions = types.filter((type) => catalogue[type].family === 'job');
  const facts = types.filter((type) => catalogue[type].family === 'page');
  const perType = Object.fromEntries(facts.map((type) => [type, [type]]));
  const channels = { decisions, ...perType } as Record<string, EventType[]>;
  const address = (name: string): string =>
    name === 'decisions' ? 'spoor.events.{shard}.{jobId}.job' : `spoor.events.{shard}.{jobId}.page.${name}`;
  const about = (name: string): string =>
    name === 'decisions'
      ? 'Decisions on a job, one at a time; the type is in the header ce-type.'
      : `Facts of type ${name}, each stored once.`;
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Spoor event log',
      version: '1',
      description:
        'Every fact about every crawl, in the order in which it was stored. Fields named in a schema’s x-bulky may travel beside the ' +
        'event: the payload then holds $blob, a reference to chunks in SPOOR_BLOBS_{shard}. The client library resolves it.',
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(
      Object.entries(channels).map(([name, of]) => [name, channel(address(name), about(name), of)]),
    ),
    operations: Object.fromEntries(
      Object.entries(channels).map(([name, of]) => [
        `publish${name[0]!.toUpperCase()}${name.slice(1)}`,
        operation(name, of),
      ]),
    ),
    components: {
      messages: Object.fromEntries(types.map((type) => [type, message(type)])),
      schemas: Object.assign({}, ...types.map(componentsOf)) as Json,
    },
  };
}
