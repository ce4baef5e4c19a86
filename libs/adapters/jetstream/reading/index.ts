export type { DeliveryLog } from './deliveries.js';
export { openLogReader, type LogReader, type OpenReaderOptions } from './log-reader.js';
export { RevisionConflictError, type Revisions } from './revisions.js';
export type { AdapterLogger } from '../logger.js';
