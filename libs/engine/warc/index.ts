export { exportWarc, type ExportWarcDeps, type ExportWarcOptions, type WarcReport } from './export-warc.js';
