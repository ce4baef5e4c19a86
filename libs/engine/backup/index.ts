export { backupLog, type BackupDeps } from './backup-log.js';
export { restoreLog, type RestoreDeps, type RestoreOptions } from './restore-log.js';
export type { BackupManifest } from './manifest.js';
