export {
  MAX_MESSAGE_BYTES,
  openHive,
  type HiveOptions,
  type HiveResources,
  type HostedWorker,
} from './open-hive.js';
