import { Controller, Inject } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { Metadata, ServerUnaryCall } from '@grpc/grpc-js';
import { requestOf, toWire, type WireAnswer, type WirePage } from '#libs/adapters/hive-grpc';
import type { HiveWorker } from '#libs/engine/hive';
import { hiveCodes, problems } from '#libs/hive';
import { hostname } from 'node:os';
import { isMalformed } from './malformed.js';
import { signalOf } from './signal-of.js';

/** Injection tokens of the worker, and of the address that coordinators know it by. */
export const HIVE_WORKER = Symbol('HiveWorker');
export const WORKER_ADDRESS = Symbol('WorkerAddress');

@Controller()
export class WorkerController {
  constructor(
    @Inject(HIVE_WORKER) private readonly worker: HiveWorker,
    @Inject(WORKER_ADDRESS) private readonly address: string,
  ) {}

  @GrpcMethod('WorkerService', 'ScrapePage')
  async scrapePage(
    page: WirePage,
    _metadata: Metadata,
    call: ServerUnaryCall<WirePage, WireAnswer>,
  ): Promise<WireAnswer> {
    if (isMalformed(page)) return unreadable;
    return toWire(await this.worker.scrape(requestOf(page), signalOf(call)), page.render != null);
  }

  @GrpcMethod('WorkerService', 'GetStats')
  getStats() {
    const { figures, options } = this.worker;
    return {
      scopeName: options.scope,
      podName: options.workerId,
      podIp: this.address.replace(/:\d+$/, '') || hostname(),
      totalContexts: figures.totalContexts,
      availableSlots: figures.availableSlots,
      activeRequests: figures.activeRequests,
      totalRequests: figures.totalRequests,
      totalContextsCreated: figures.contextsCreated,
      totalContextsRecycled: figures.contextsRecycled,
      successRate: figures.successRate,
    };
  }

  @GrpcMethod('WorkerService', 'HealthCheck')
  healthCheck() {
    return this.worker.health;
  }
}

/** A message that is none is answered as everything else is. */
export const unreadable: WireAnswer = {
  ...{ success: false, statusCode: 0, content: '', responseHeaders: {}, executionTimeMs: 0 },
  ...{ contextId: '', rayId: '', errorCode: hiveCodes.unknown.value },
  errorMessage: problems.badField('request', 'not a message of this method').message,
};
