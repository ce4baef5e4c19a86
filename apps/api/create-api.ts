import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import { createSeal, traced } from '#libs/adapters/system';
import { randomBytes } from 'node:crypto';
import { ApiModule } from './api.module.js';
import type { ApiDeps, ApiLog } from './deps.js';
import { ErrorFilter } from './http/error-filter.js';
import { OpenStreams } from './http/open-streams.js';
import { onlyJsonChanges, onlyOwnHosts, secureHeaders } from './http/guard-requests.js';
import { onlyKnownCallers } from './http/known-callers.js';
import { measureRequests } from './http/measure-requests.js';
import { useJsonBodies } from './http/json-body.js';
import { BrowserSessions } from './pages/browser-sessions.js';
import { PageErrorFilter } from './pages/page-error-filter.js';
import { PageShells } from './pages/page-shells.js';
import { isPagePath } from './pages/paths.js';
import { openApiDocument } from './schemas/openapi.js';
import { ScrapeErrorFilter } from './scrape/scrape-error-filter.js';

const BODY_LIMIT = 64 * 1024 * 1024;
/** A form carries a spec at most; a million start URLs come as JSON. */
const FORM_LIMIT = 2 * 1024 * 1024;

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
  const seal = deps.seal ?? createSeal(randomBytes(32).toString('hex'));
  const withLog = { ...deps, seal, log: deps.log ?? nestLog() };
  const app = await NestFactory.create<NestExpressApplication>(ApiModule.register(withLog), {
    bodyParser: false,
    logger: ['error', 'warn'],
    // A fault at the start is the caller's to report; Nest would end the process.
    abortOnError: false,
  });
  app.disable('x-powered-by');
  app.disable('etag');
  if (deps.config.trustedProxies?.length) app.set('trust proxy', [...deps.config.trustedProxies]);
  const sessions = app.get(BrowserSessions);
  const pageErrors = new PageErrorFilter(withLog.log, app.get(PageShells));
  app.useGlobalFilters(
    new ErrorFilter(withLog.log, [
      [(path) => path.startsWith('/api/v1/'), new ScrapeErrorFilter(withLog)],
      [isPagePath, pageErrors],
    ]),
  );
  app.use(app.get(OpenStreams).watch);
  if (deps.metrics) app.use(measureRequests(deps.metrics));
  app.use((request: Request, _response: Response, next: NextFunction) =>
    traced(request.headers['traceparent'], next),
  );
  app.use(secureHeaders);
  app.use(onlyOwnHosts(deps.config));
  app.use(onlyKnownCallers(deps.config, deps.scrape?.findKey, (request) => sessions.keyOf(request)));
  app.use(onlyJsonChanges);
  app.useBodyParser('urlencoded', { extended: false, limit: FORM_LIMIT });
  app.use((request: Request, _response: Response, next: NextFunction) => {
    if (isPagePath(request.path)) sessions.checkForm(request);
    next();
  });
  useJsonBodies(app, deps.config.bodyLimitBytes ?? BODY_LIMIT);
  SwaggerModule.setup('api/docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'api/docs-json',
    raw: ['json'],
    customSiteTitle: 'Spoor API',
  });
  return app;
}
