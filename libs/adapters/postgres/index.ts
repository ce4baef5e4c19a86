export {
  openDatabase,
  type DatabaseOptions,
  type OpenDatabase,
  type OpenDatabase as Database,
} from './open-database.js';
export { storableValue } from './storable.js';
export {
  CheckpointEntity,
  EvidenceEntity,
  ItemEntity,
  JobEntity,
  PageEntity,
  PageMarkEntity,
  ParkedEventEntity,
} from './entities/index.js';
export { openAccounts, type OpenAccounts } from './accounts/open-accounts.js';
