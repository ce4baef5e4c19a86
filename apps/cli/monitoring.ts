import type { PromMetrics } from '#libs/adapters/metrics';
import type { EngineConfig } from '#libs/config';
import type { Finding, HealthWatch } from '#libs/engine/health';
import type { Resources, Running } from '#libs/hosting';
import type { HiveResources } from '#libs/hosting/hive';
import type { Part } from './parts.js';

/** Counts where somebody can look: on a port for metrics, or on the api's own. */
export async function metricsFor(
  { metricsPort }: Pick<EngineConfig, 'metricsPort'>,
  roles: readonly Part[],
): Promise<PromMetrics | undefined> {
  if (metricsPort === null && !roles.includes('api')) return undefined;
  const { PromMetrics } = await import('#libs/adapters/metrics');
  return new PromMetrics().withProcess();
}

/**
 * What looks after these roles. The api speaks for the whole engine; any other part for what it is itself, or a load balancer that
 * asks a worker would take all workers away because a projector stalls.
 */
export async function healthOf(
  resources: Resources,
  roles: readonly Part[],
  ownFindings: () => Promise<Finding[]>,
): Promise<HealthWatch> {
  const { watchHealth } = await import('#libs/hosting');
  const whole = roles.includes('api');
  const readModels = whole || roles.includes('projector');
  const health = watchHealth(resources, { readModels, leaders: whole, ownFindings });
  resources.metrics?.watchHealth(() => health.latest);
  return health;
}

/** Health and metrics of this process, on the port that is configured; without one nothing is served. */
export async function serveMetrics(
  { config, logger }: Pick<Resources, 'config' | 'logger'>,
  scrape: PromMetrics,
  watch: HealthWatch,
): Promise<Running> {
  const { metricsHost: host, metricsPort: port } = config;
  if (port === null) return { close: async () => undefined };
  const { startMonitoring } = await import('#libs/monitoring');
  const serving = await startMonitoring({ host, port, watch, scrape });
  logger.info({ host, port: serving.port }, 'health and metrics are served');
  return serving;
}

const HIVE_METRICS_PORT = 9090;

/** Health and metrics of the browser service, on the port that its dashboards expect unless another is configured. */
export async function serveHiveMetrics(
  { metricsHost: host, metricsPort }: Pick<EngineConfig, 'metricsHost' | 'metricsPort'>,
  hive: HiveResources,
): Promise<Running> {
  const { startMonitoring } = await import('#libs/monitoring');
  const { reportOf } = await import('#libs/engine/health');
  const serving = await startMonitoring({
    ...{ host, port: metricsPort ?? HIVE_METRICS_PORT },
    scrape: hive.metrics,
    watch: {
      look: async () => {
        const nats = hive.connected ? 'ok' : 'unavailable';
        return reportOf({ nats, postgres: 'unused' }, [], hive.findings());
      },
    },
  });
  hive.logger.info({ host, port: serving.port }, 'health and metrics are served');
  return serving;
}
