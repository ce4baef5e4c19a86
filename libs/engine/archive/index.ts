export { exportJob, type ExportDeps, type ExportOptions } from './export-job.js';
export { importJob, type ImportAnswer, type ImportDeps, type ImportOptions } from './import-job.js';
export { keepArchive, type KeptArchive } from './keep-archive.js';
export type { ArchiveManifest } from './manifest.js';
export { archivedEvents, checkArchive, type ReadArchive } from './read-archive.js';
