import { applyDecorators } from '@nestjs/common';
import {
  ApiBody,
  ApiDefaultResponse,
  ApiHeader,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  DocumentBuilder,
  SwaggerModule,
  type OpenAPIObject,
} from '@nestjs/swagger';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { z } from 'zod';
import { Needs, type Access } from '../http/access.js';
import { answerSchemas, inputSchemas } from './answers.js';

type JsonSchema = Record<string, unknown>;

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** Named schemas that refer to each other by name, from the zod definitions that the server itself validates with. */
function components(schemas: Record<string, z.ZodType>, io: 'input' | 'output'): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const uri = (id: string): string => `#/components/schemas/${id}`;
  const generated: Record<string, JsonSchema> = z.toJSONSchema(registry, { io, uri }).schemas;
  return Object.fromEntries(
    Object.entries(generated).map(([id, { $schema: _schema, $id: _id, ...schema }]) => [id, schema]),
  );
}

/** Bodies that may be left out. */
const OPTIONAL = new Set(['Command', 'Redeliver', 'Resume', 'Fork']);

interface Described {
  summary: string;
  /** Who may use it; left out: the operator. */
  access?: Access;
  query?: z.ZodObject;
  params?: readonly string[];
  body?: keyof typeof inputSchemas;
  status?: number;
  /** `binary`: a file. */
  answer: keyof typeof answerSchemas | 'binary';
  /** Media type of the answer (default JSON). */
  type?: string;
  /** Other media types under the same address. */
  streams?: readonly string[];
  headers?: readonly { name: string; description: string }[];
  error?: 'Error' | 'ControlError' | 'ScrapeError';
}

function queryParameters(query: z.ZodObject) {
  const schema = z.toJSONSchema(query, { io: 'output' });
  return Object.entries(schema.properties ?? {}).map(([name, property]) =>
    ApiQuery({ name, required: false, schema: property as object }),
  );
}

/** In the document: the scheme with the scope that the key needs; a route that is open to all has none. */
const secured = ({ scope }: Access = { scope: 'admin' }) =>
  scope === 'own' ? {} : { security: [{ apiKey: [scope] }] };

/** One route in the OpenAPI document. */
export function Describe({
  summary,
  access,
  query,
  params = [],
  body,
  status = 200,
  answer,
  type = 'application/json',
  streams = [],
  headers = [],
  error = 'Error',
}: Described) {
  const content = Object.fromEntries([
    answer === 'binary'
      ? ['application/octet-stream', { schema: { type: 'string', format: 'binary' } }]
      : [type, { schema: ref(answer) }],
    ...streams.map((type): [string, object] => [type, { schema: { type: 'string' } }]),
  ]);
  return applyDecorators(
    ...(access ? [Needs(access)] : []),
    ApiOperation({ summary, ...secured(access) }),
    ...headers.map((header) => ApiHeader({ ...header, required: false, schema: { type: 'string' } })),
    ...params.map((name) => ApiParam({ name, schema: { type: 'string' } })),
    ...(query ? queryParameters(query) : []),
    ...(body ? [ApiBody({ required: !OPTIONAL.has(body), schema: ref(body) })] : []),
    ApiResponse({ status, description: summary, content }),
    ApiDefaultResponse({ description: 'What went wrong, and what can be done.', schema: ref(error) }),
  );
}

/** The OpenAPI document of an app that has been made by `createApi`. */
export function openApiDocument(app: NestExpressApplication): OpenAPIObject {
  const info = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Spoor')
    .setDescription('Control API of the event-sourced scraping engine.')
    .setVersion('1')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key' }, 'apiKey')
    .build();
  const document = SwaggerModule.createDocument(app, info);
  const schemas = { ...components(answerSchemas, 'output'), ...components(inputSchemas, 'input') };
  document.components = {
    ...document.components,
    schemas: schemas as NonNullable<OpenAPIObject['components']>['schemas'],
  };
  return document;
}

/** JSON Schema of a job spec as a person writes it. */
export const jobSpecSchema = (): JsonSchema => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Spoor job spec',
  ...withoutSchema(z.toJSONSchema(inputSchemas.JobSpec, { io: 'input' })),
});

const withoutSchema = ({ $schema: _schema, ...schema }: JsonSchema): JsonSchema => schema;
