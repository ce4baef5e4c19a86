import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { HealthWatch } from '#libs/engine/health';
import { SpoorError } from '#libs/failures';
import { MonitoringModule, type Scrape } from './monitoring.module.js';

export interface MonitoringOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  watch: Pick<HealthWatch, 'look'>;
  scrape: Scrape;
}

/**
 * Health and metrics of this process, on a port of their own.
 * @throws SpoorError invalid_request when the address cannot be used
 */
export async function startMonitoring({ host, port, watch, scrape }: MonitoringOptions) {
  const app = await NestFactory.create<NestExpressApplication>(MonitoringModule.register(watch, scrape), {
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  app.disable('x-powered-by');
  await app.init();
  const server = app.getHttpServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
  } catch (error) {
    await app.close();
    const message = `Health and metrics cannot be served on ${host}:${port}.`;
    const hint = 'Choose another SPOOR_METRICS_HOST or SPOOR_METRICS_PORT (0 for any free port).';
    throw new SpoorError('invalid_request', message, { field: 'SPOOR_METRICS_PORT', hint }, { cause: error });
  }
  const { port: bound } = server.address() as { port: number };
  return { port: bound, close: () => app.close() };
}
