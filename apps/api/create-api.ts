import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import { traced } from '#libs/adapters/system';
import { ApiModule } from './api.module.js';
import type { ApiDeps, ApiLog } from './deps.js';
import { ErrorFilter } from './http/error-filter.js';
import { OpenStreams } from './http/open-streams.js';
import { onlyJsonChanges, onlyOwnHosts, secureHeaders } from './http/guard-requests.js';
import { onlyKnownCallers } from './http/known-callers.js';
import { measureRequests } from './http/measure-requests.js';
import { useJsonBodies } from './http/json-body.js';
import { openApiDocument } from './schemas/openapi.js';
import { ScrapeErrorFilter } from './scrape/scrape-error-filter.js';

const BODY_LIMIT = 64 * 1024 * 1024;

function nestLog(): ApiLog {
  const logger = new Logger('api');
  const stackOf = (details: object): unknown =>
    'err' in details && details.err instanceof Error ? details.err.stack : '';
  return {
    warn: (details, message) => logger.warn(message, stackOf(details)),
    error: (details, message) => logger.error(message, stackOf(details)),
  };
}

/**
 * The HTTP api over what it is given. Not listening yet: `await app.listen(port, deps.config.host)`. `app.close()` ends live
 * streams and lets answers that are under way finish; the dependencies stay the caller's.
 */
export async function createApi(deps: ApiDeps): Promise<NestExpressApplication> {
  const withLog = { ...deps, log: deps.log ?? nestLog() };
  const app = await NestFactory.create<NestExpressApplication>(ApiModule.register(withLog), {
    bodyParser: false,
    logger: ['error', 'warn'],
    // A fault at the start is the caller's to report; Nest would end the process.
    abortOnError: false,
  });
  app.disable('x-powered-by');
  app.disable('etag');
  if (deps.config.trustedProxies?.length) app.set('trust proxy', [...deps.config.trustedProxies]);
  app.useGlobalFilters(new ErrorFilter(withLog.log, { '/api/v1/': new ScrapeErrorFilter(withLog) }));
  app.use(app.get(OpenStreams).watch);
  if (deps.metrics) app.use(measureRequests(deps.metrics));
  app.use((request: Request, _response: Response, next: NextFunction) =>
    traced(request.headers['traceparent'], next),
  );
  app.use(secureHeaders);
  app.use(onlyOwnHosts(deps.config));
  app.use(onlyKnownCallers(deps.config, deps.scrape?.findKey));
  app.use(onlyJsonChanges);
  useJsonBodies(app, deps.config.bodyLimitBytes ?? BODY_LIMIT);
  SwaggerModule.setup('api/docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'api/docs-json',
    raw: ['json'],
    customSiteTitle: 'Spoor API',
  });
  return app;
}
