import { Controller, Inject } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { Metadata, ServerUnaryCall } from '@grpc/grpc-js';
import { requestOf, toWire, type WireAnswer, type WirePage } from '#libs/adapters/hive-grpc';
import type { HiveCoordinator } from '#libs/engine/hive';
import { isMalformed } from './malformed.js';
import { signalOf } from './signal-of.js';
import { unreadable } from './worker.controller.js';

/** Injection token. */
export const HIVE_COORDINATOR = Symbol('HiveCoordinator');

interface AskedPage extends WirePage {
  sessionId: string;
}

interface CoordinatorWireAnswer extends WireAnswer {
  sessionId: string;
  workerId: string;
}

@Controller()
export class CoordinatorController {
  constructor(@Inject(HIVE_COORDINATOR) private readonly coordinator: HiveCoordinator) {}

  @GrpcMethod('ScraperCoordinator', 'ScrapePage')
  async scrapePage(
    page: AskedPage,
    _metadata: Metadata,
    call: ServerUnaryCall<AskedPage, CoordinatorWireAnswer>,
  ): Promise<CoordinatorWireAnswer> {
    if (isMalformed(page)) return { ...unreadable, sessionId: '', workerId: '' };
    const { sessionId, contextId, ...request } = page;
    const answer = await this.coordinator.scrape(
      { ...requestOf({ ...request, contextId: '' }), sessionId: sessionId || contextId },
      signalOf(call),
    );
    return {
      ...toWire(answer, page.render != null),
      sessionId: answer.sessionId,
      workerId: answer.workerId,
    };
  }

  @GrpcMethod('ScraperCoordinator', 'GetClusterStats')
  getClusterStats() {
    const { scopes, totalRequests, activeJobs } = this.coordinator.figures;
    return {
      scopeStats: Object.fromEntries(scopes.map((scope) => [scope.name, scope])),
      totalRequests,
      activeJobs,
    };
  }
}
