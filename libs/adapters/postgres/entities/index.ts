import { CheckpointEntity } from './checkpoint.entity.js';
import { EvidenceEntity } from './evidence.entity.js';
import { ItemEntity } from './item.entity.js';
import { JobEntity } from './job.entity.js';
import { PageMarkEntity } from './page-mark.entity.js';
import { PageEntity } from './page.entity.js';
import { ParkedEventEntity } from './parked-event.entity.js';

export {
  CheckpointEntity,
  EvidenceEntity,
  ItemEntity,
  JobEntity,
  PageEntity,
  PageMarkEntity,
  ParkedEventEntity,
};

export const entities = [
  JobEntity,
  PageEntity,
  EvidenceEntity,
  ItemEntity,
  PageMarkEntity,
  CheckpointEntity,
  ParkedEventEntity,
];
