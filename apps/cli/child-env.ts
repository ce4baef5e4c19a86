import type { Resources } from '#libs/hosting';

/** Environment of a child: the servers that this process holds, by environment because arguments are visible to all. */
export function childEnv(
  { config, natsUrl, databaseUrl, natsSync }: Resources,
  extra: NodeJS.ProcessEnv = {},
): NodeJS.ProcessEnv {
  return {
    ...process.env,
    NATS_URL: natsUrl,
    DATABASE_URL: databaseUrl,
    // For a child the server is a given one; what is known of it goes along.
    SPOOR_NATS_SYNC: natsSync === 'interval' ? '120s' : (natsSync ?? ''),
    SPOOR_HOME: config.home,
    SPOOR_LOG_LEVEL: config.logLevel,
    SPOOR_ALLOW_PRIVATE: config.allowPrivate.join(','),
    ...extra,
  };
}

/** Each process of a machine needs a port of its own: the one that is configured for the first, the next for the second. */
export function metricsPortOf({ config }: Pick<Resources, 'config'>, nth: number): NodeJS.ProcessEnv {
  const { metricsPort } = config;
  return metricsPort ? { SPOOR_METRICS_PORT: String(metricsPort + nth) } : {};
}
