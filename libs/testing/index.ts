export { freePort } from '#libs/adapters/servers';
export { createTestDatabase, type TestDatabase } from './database.js';
export { startTestNatsCluster, type TestNatsCluster } from './nats-cluster.js';
export { natsVersions, type NatsVersion } from './nats-versions.js';
export { startTestNats, type TestNats } from './nats.js';
export { noteProcess, runDir, testDir } from './run-dir.js';
export { until } from './until.js';
