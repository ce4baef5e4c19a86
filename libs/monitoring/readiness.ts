import { HttpException, Inject, Injectable } from '@nestjs/common';
import { HealthCheckService, HealthIndicatorService, type HealthCheckResult } from '@nestjs/terminus';
import { findingKinds, parts, type HealthReport, type HealthWatch, type Part } from '#libs/engine/health';

/** Injection token of what looks: a `HealthWatch`. */
export const HEALTH_WATCH = Symbol('HealthWatch');

export interface Readiness {
  /** False: take this process out of service; HTTP 503. */
  ready: boolean;
  report: HealthReport;
  /** By part, as terminus tells it. */
  details: HealthCheckResult['details'];
}

/** A report as Nest's health check. A part with warnings only is degraded: it does its work. */
@Injectable()
export class ReadinessCheck {
  constructor(
    @Inject(HEALTH_WATCH) private readonly watch: Pick<HealthWatch, 'look'>,
    @Inject(HealthCheckService) private readonly checks: HealthCheckService,
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
  ) {}

  async check(): Promise<Readiness> {
    const report = await this.watch.look();
    const { status, details } = await this.checks
      .check(parts.map((part) => () => this.indicator(part, report)))
      .catch((error: unknown) => {
        if (error instanceof HttpException) return error.getResponse() as HealthCheckResult;
        throw error;
      });
    return { ready: status === 'ok' || status === 'degraded', report, details };
  }

  private indicator(part: Part, { findings }: HealthReport) {
    const found = findings.filter(({ code }) => findingKinds[code].part === part);
    const indicator = this.indicators.check(part);
    if (found.length === 0) return indicator.up();
    const data = { findings: found.map(({ code }) => code) };
    return found.some(({ severity }) => severity === 'failing')
      ? indicator.down(data)
      : indicator.degraded(data);
  }
}
