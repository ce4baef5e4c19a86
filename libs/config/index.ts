export { loadConfig, type EngineConfig } from './engine-config.js';
export { loadHiveConfig, type HiveConfig, type HiveRole } from './hive-config.js';
export { createLogger, type LoggerOptions } from './logger.js';
export { NestLogger } from './nest-logger.js';
export { scrub, scrubText } from './scrub.js';
export { isLoopback } from './loopback.js';
