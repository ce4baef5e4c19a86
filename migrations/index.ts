import { Accounts1764000000000 } from './accounts/0001-accounts.js';
import { TakeLimits1764300000000 } from './accounts/0002-take-limits.js';
import { ReadModels1763800000000 } from './0001-read-models.js';
import { ItemVersions1764100000000 } from './0002-item-versions.js';
import { JobOwner1764200000000 } from './0003-job-owner.js';

/** In the order in which they run. One that was released is never changed. */
export const migrations = [ReadModels1763800000000, ItemVersions1764100000000, JobOwner1764200000000];

/** Those of the accounts' own schema. */
export const accountMigrations = [Accounts1764000000000, TakeLimits1764300000000];
