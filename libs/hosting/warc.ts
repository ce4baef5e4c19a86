import { systemClock } from '#libs/adapters/system';
import { createWarcRecords } from '#libs/adapters/warc';
import { exportWarc, type ExportWarcDeps, type ExportWarcOptions, type WarcReport } from '#libs/engine/warc';

type Stores = Pick<ExportWarcDeps, 'eventLog' | 'state' | 'bodies' | 'hashKey'>;

export type ExportWarc = (jobId: string, options: ExportWarcOptions) => Promise<WarcReport>;

export const createExportWarc = (stores: Stores): ExportWarc => {
  const deps = { ...stores, clock: systemClock, records: createWarcRecords() };
  return (jobId, options) => exportWarc(deps, jobId, options);
};
